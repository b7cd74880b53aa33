import { Observable, asyncScheduler } from 'rxjs';
import type { OperatorFunction, SchedulerLike } from 'rxjs';
import { PipelineError } from '../../models/domain/errors';
import type { SourceMode } from '../../models/domain/frame';
import type { Size } from '../../models/domain/geometry';
import type { DecoderNote } from './decoder-notes';
import { isDecodedFrame } from './ffmpeg-frames';
import type { DecodedFrame } from './ffmpeg-frames';

/** One picture, its pixels (I420) copied. */
export interface Still {
  readonly size: Size;
  readonly pixels: Uint8Array;
}

export interface TakeStillOptions {
  readonly mode: SourceMode;
  /** How long after its first picture: in stream time of a recording, in time that passes of a camera. Default 0. */
  readonly atMs?: number;
  readonly scheduler?: SchedulerLike;
}

/**
 * Takes one picture of what a decoder gives (view renditions) and then leaves it; all other pictures are released. Errors with
 * PipelineError `ended` when the source ends before that, or with the source's own error.
 */
export function takeStill({
  mode,
  atMs = 0,
  scheduler = asyncScheduler,
}: TakeStillOptions): OperatorFunction<DecodedFrame | DecoderNote, Still> {
  if (!(atMs >= 0)) throw new RangeError(`takeStill: expected atMs of 0 or more, got ${atMs}`);
  return (source) =>
    new Observable((subscriber) => {
      let beganMs: number | undefined;
      let passedMs = 0;
      // FFmpeg scales pictures of a later size to that of the first.
      let size: Size | undefined;
      return source.subscribe({
        next(item) {
          if (!isDecodedFrame(item)) return;
          const { lease, shown, muxedPtsMs } = item;
          if (subscriber.closed) {
            lease?.release();
            return;
          }
          const nowMs = mode === 'live' ? scheduler.now() : (shown.ptsMs ?? muxedPtsMs);
          beganMs ??= nowMs;
          size ??= shown.size;
          passedMs = nowMs - beganMs;
          // A live picture without a buffer is lost; the next is as good.
          if (lease === undefined) return;
          const isWanted = passedMs >= atMs;
          const still = isWanted ? { size, pixels: lease.pixels.slice() } : undefined;
          lease.release();
          if (still === undefined) return;
          subscriber.next(still);
          subscriber.complete();
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => {
          const got = beganMs === undefined ? 'none' : `${(passedMs / 1000).toFixed(1)} s of pictures`;
          subscriber.error(
            new PipelineError('ended', `expected a picture at ${atMs / 1000} s, got ${got} before the end`),
          );
        },
      });
    });
}
