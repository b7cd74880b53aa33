import { rmSync, statSync } from 'node:fs';
import { PipelineError, toPipelineError } from '../../models/domain/errors';
import { redact } from '../../models/domain/redact';
import { createByteFeed } from './byte-feed';
import { startFfmpeg } from './ffmpeg-process';
import { isAtLeast, probeFfmpeg } from './ffmpeg-version';
import { i420ByteLength } from './i420-painter';
import { createNutWriter } from './nut-writer';
import type { FfmpegExit, FfmpegProcess } from './ffmpeg-process';
import type { FfmpegVersion } from './ffmpeg-version';
import type { Size } from '../../models/domain/geometry';

/**
 * Ticks of the video's pts in a millisecond. 360,000 a second holds the frame intervals of 24, 25, 30, 50 and 60 fps and of
 * their 1000/1001 variants as whole numbers, so a constant frame rate stays exactly that.
 */
export const TICKS_PER_MS = 360;

const TIME_BASE = [1, 1000 * TICKS_PER_MS] as const;

/**
 * FFmpeg gives the last picture the interval of the first two. By default it looks at 5 MB for them, less than one picture
 * of 2560x1440, and the last would last one tick; 128 MB hold two of 8K.
 */
const FIRST_INTERVAL = ['-probesize', '128M', '-fpsprobesize', '2'] as const;

export interface Mp4EncoderOptions {
  /** Overwritten when it exists. */
  readonly path: string;
  /** Size of the pictures; an odd side gets one black row or column more, since H.264 4:2:0 has even sides. */
  readonly size: Size;
  readonly sampleAspect?: readonly [num: number, den: number];
}

/** One FFmpeg that writes one H.264 file. */
export interface Mp4Encoder {
  /** Pictures whose bytes FFmpeg has not taken yet. */
  readonly waitingCount: number;
  /** Hands over an I420 picture; `pts` in ticks, growing. Calls `onTaken` once, when the pixels may change again. */
  write(pixels: Uint8Array, pts: number, onTaken: () => void): void;
  /** No more pictures: the file is completed. */
  end(): void;
  /** Resolves when the file is complete; rejects with PipelineError `sink` or `ffmpeg_missing`. Pends after `kill`. */
  readonly finished: Promise<void>;
  /** Ends FFmpeg at once, frees all pixels, removes the file, which nothing could play. No effect after the end. */
  kill(): void;
}

/** The options of FFmpeg after the input: H.264 in MP4 with the pictures' own times. */
export function mp4OutputOptions({ width, height }: Size, version: FfmpegVersion): string[] {
  const isOdd = width % 2 === 1 || height % 2 === 1;
  return [
    ...(isOdd ? ['-vf', 'pad=ceil(iw/2)*2:ceil(ih/2)*2'] : []),
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20', '-pix_fmt', 'yuv420p'],
    // The matrix that view frames are converted to; without it players take pictures of 720 rows and more for BT.709.
    ...['-colorspace', 'smpte170m', '-color_range', 'tv'],
    // `-vsync` became `-fps_mode` in 5.1.
    ...(isAtLeast(version, [5, 1]) ? ['-fps_mode', 'passthrough'] : ['-vsync', 'passthrough']),
    ...['-enc_time_base', TIME_BASE.join(':'), '-video_track_timescale', String(TIME_BASE[1])],
    ...['-movflags', '+faststart', '-f', 'mp4'],
  ];
}

/** Starts FFmpeg (it waits for the first picture). Everything that goes wrong is told by `finished`. */
export function startMp4Encoder({ path, size, sampleAspect }: Mp4EncoderOptions): Mp4Encoder {
  const nut = createNutWriter({ ...size, timeBase: TIME_BASE, ...(sampleAspect && { sampleAspect }) });
  const feed = createByteFeed();
  let process: FfmpegProcess | undefined;
  let state: 'running' | 'exited' | 'killed' = 'running';
  let waitingCount = 0;
  let isReading = false;

  feed.write(nut.header());

  async function encode(): Promise<void> {
    const version = await probeFfmpeg();
    if (state === 'killed') return;
    process = startFfmpeg({
      input: {
        options: ['-hide_banner', '-loglevel', 'error', '-y', '-copyts', ...FIRST_INTERVAL, '-f', 'nut'],
        source: feed.readable,
      },
      // `file:` keeps a colon in the name from being read as a protocol.
      outputs: [{ options: mp4OutputOptions(size, version), target: `file:${path}` }],
    });
    const exit = await process.exited;
    if (exit.error !== undefined) throw toSinkError(exit, path);
  }

  const finished = new Promise<void>((resolve, reject) => {
    encode().then(
      () => end(resolve),
      (error: unknown) => end(() => reject(toPipelineError(error, 'sink'))),
    );
    function end(settle: () => void) {
      if (state === 'killed') return;
      state = 'exited';
      feed.abort();
      settle();
    }
  });

  return {
    get waitingCount() {
      return waitingCount;
    },
    write(pixels, pts, onTaken) {
      const expected = i420ByteLength(size);
      if (pixels.length !== expected) {
        throw new RangeError(`annotated video: expected pictures of ${expected} bytes, got ${pixels.length}`);
      }
      waitingCount++;
      feed.write(nut.frameHeader(pts, pixels.length));
      feed.write(pixels, () => {
        waitingCount--;
        if (state === 'running') isReading = true;
        onTaken();
      });
    },
    end: () => feed.end(),
    finished,
    kill() {
      if (state !== 'running') return;
      state = 'killed';
      feed.abort();
      void process?.kill();
      if (isReading) removeFile(path);
    },
  };
}

function toSinkError({ error, stderrTail }: FfmpegExit, path: string): PipelineError {
  if (error?.code === 'ffmpeg_missing') return error;
  const line = stderrTail.find((text) => !text.startsWith('[')) ?? stderrTail.at(-1) ?? error?.message ?? '';
  return new PipelineError('sink', redact(`annotated video ${path}: expected it written, got: ${line}`), {
    cause: error,
  });
}

/** At once, not when FFmpeg is gone: by then another encoder may be writing a new file of that name. */
function removeFile(path: string): void {
  try {
    if (statSync(path).isFile()) rmSync(path);
  } catch {
    // Gone already, or on Windows still open: then the file stays, unplayable.
  }
}
