import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { PipelineError } from '../../models/domain/errors';
import type { Size } from '../../models/domain/geometry';
import { redact } from '../../models/domain/redact';
import { startFfmpeg } from '../support/ffmpeg-process';

export interface PngFileOptions {
  /** Replaced when it exists, once the picture is complete. */
  readonly path: string;
  readonly size: Size;
  /** I420. */
  readonly pixels: Uint8Array;
  /** Ends the work; nothing is written then. */
  readonly signal?: AbortSignal;
}

/**
 * Writes one picture as a PNG by FFmpeg, into a file beside it that then takes its name. Rejects with PipelineError `sink` or
 * `ffmpeg_missing`, and leaves what was there before.
 */
export async function writePng({ path, size, pixels, signal }: PngFileOptions): Promise<void> {
  const partial = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.part`);
  const fault = (got: string, cause?: unknown) =>
    new PipelineError('sink', redact(`${path}: expected it written, got: ${got}`), { cause });
  const encoder = startFfmpeg({
    input: {
      options: [
        ...['-hide_banner', '-loglevel', 'error', '-y', '-f', 'rawvideo', '-pix_fmt', 'yuv420p'],
        ...['-video_size', `${size.width}x${size.height}`],
      ],
      source: Readable.from([pixels], { objectMode: true }),
    },
    outputs: [
      {
        options: ['-frames:v', '1', '-c:v', 'png', '-pix_fmt', 'rgb24', '-f', 'image2pipe'],
        target: `file:${partial}`,
      },
    ],
  });
  const stop = () => void encoder.kill();
  signal?.addEventListener('abort', stop);
  try {
    if (signal?.aborted === true) stop();
    const { error, stderrTail } = await encoder.exited;
    if (error?.code === 'ffmpeg_missing') throw error;
    if (error !== undefined) throw fault(stderrTail.at(-1) ?? error.message, error);
    await rename(partial, path).catch((cause: unknown) => {
      throw fault((cause as NodeJS.ErrnoException).code ?? 'no answer', cause);
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    await rm(partial, { force: true });
  }
}
