import { filter, lastValueFrom, map, take, toArray } from 'rxjs';
import { PipelineError, toPipelineError } from '../../models/domain/errors';
import type { Size } from '../../models/domain/geometry';
import { ffmpegFrames, isDecodedFrame } from '../../operators/sources/ffmpeg-frames';
import type { Input } from '../inputs';

/** A frame as the detector takes it (I420), and the size of the picture that was fitted into it. */
export interface SampleFrame {
  readonly pixels: Uint8Array;
  readonly source: Size;
}

/** A second apart, so that they differ. */
const FRAMES_A_SECOND = 1;

/**
 * The first `count` frames of a video, one a second, or of a picture the only one, at the model's size. Rejects with a
 * PipelineError that names the input when it cannot be decoded.
 */
export async function sampleFrames(
  { kind, location, displayName }: Input,
  input: Size,
  count: number,
): Promise<readonly SampleFrame[]> {
  const frames = ffmpegFrames({
    request: { kind, location, input, maxFps: FRAMES_A_SECOND },
    mode: 'recorded',
    detectBuffers: 2,
  }).pipe(
    filter(isDecodedFrame),
    filter(({ lease }) => lease !== undefined),
    map(({ shown, lease }): SampleFrame => {
      const pixels = lease!.pixels.slice();
      lease!.release();
      return { pixels, source: shown.size };
    }),
    take(count),
    toArray(),
  );
  const sampled = await lastValueFrom(frames).catch((cause: unknown) => {
    const { code, detail } = toPipelineError(cause);
    throw new PipelineError(code, `${displayName}: ${detail}`, { cause });
  });
  if (sampled.length > 0) return sampled;
  throw new PipelineError('corrupt', `${displayName}: expected pictures, got none`);
}
