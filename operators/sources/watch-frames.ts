import { Observable, asyncScheduler } from 'rxjs';
import type { MonoTypeOperatorFunction, SchedulerLike } from 'rxjs';
import { PipelineError } from '../../models/domain/errors';

export interface WatchFramesOptions<T> {
  /** True for a picture; anything else shows that the source has answered. */
  readonly isFrame: (item: T) => boolean;
  /** The interval of pictures that the source has announced with this item, in milliseconds. Default: it never does. */
  readonly announcedMs?: (item: T) => number | undefined;
  /** How long the source may take to answer, and from then to its first picture. Default 10 s and 30 s. */
  readonly answerMs?: number;
  readonly firstFrameMs?: number;
  /** Pictures may pause for so long, or for three of their intervals if that is longer. Default 5 s. */
  readonly stallMs?: number;
  /** Least time between two pictures that is to be expected: a rate that was asked for. Default 0. */
  readonly intervalMs?: number;
  readonly scheduler?: SchedulerLike;
}

const ANSWER_MS = 10_000;
/** Cameras with "smart" codecs send a key frame every twenty seconds. */
const FIRST_FRAME_MS = 30_000;
const STALL_MS = 5000;
const STALL_INTERVALS = 3;
const CHECK_MS = 250;
/** A check that is late by this was held up by this process itself, and so was the reading of pictures. */
const LATE_MS = 1000;
/** Weight of the newest interval. */
const NEWEST = 0.2;

/**
 * Passes a live decoder's items on and errors when no picture comes in time: with a PipelineError `timeout` before the
 * first, `stalled` after it. The interval is learnt from the pictures themselves; until there are two, the announced one
 * holds, or the time of the first. Adds nothing to the cost of a picture but a look at the clock. Unsubscribes from the source with its error.
 *
 * Throws a RangeError when a time is not positive.
 */
export function watchFrames<T>({
  isFrame,
  announcedMs,
  answerMs = ANSWER_MS,
  firstFrameMs = FIRST_FRAME_MS,
  stallMs = STALL_MS,
  intervalMs = 0,
  scheduler = asyncScheduler,
}: WatchFramesOptions<T>): MonoTypeOperatorFunction<T> {
  if (!(answerMs > 0 && firstFrameMs > 0 && stallMs > 0 && intervalMs >= 0)) {
    throw new RangeError(
      `watchFrames: expected times above 0, got ${answerMs}, ${firstFrameMs}, ${stallMs} and ${intervalMs}`,
    );
  }
  return (source) =>
    new Observable((subscriber) => {
      let heardAtMs = scheduler.now();
      let checkedAtMs = heardAtMs;
      let hasAnswered = false;
      let frames = 0;
      let steps = 0;
      let learntMs: number | undefined;

      /** This process stood still, or the clock was set: what has passed says nothing of the source. */
      const hasJumped = (nowMs: number) => nowMs - checkedAtMs > CHECK_MS + LATE_MS || nowMs < checkedAtMs;

      function limitMs(): number {
        if (!hasAnswered) return answerMs;
        const pauseMs = Math.max(stallMs, STALL_INTERVALS * Math.max(learntMs ?? 0, intervalMs));
        return frames === 0 || learntMs === undefined ? Math.max(firstFrameMs, pauseMs) : pauseMs;
      }

      function note(item: T): void {
        const nowMs = scheduler.now();
        if (!isFrame(item)) {
          if (!hasAnswered) heardAtMs = nowMs;
          hasAnswered = true;
          learntMs ??= announcedMs?.(item);
          return;
        }
        hasAnswered = true;
        if (++frames > 1 && !hasJumped(nowMs)) {
          const stepMs = nowMs - heardAtMs;
          learntMs =
            learntMs === undefined || steps++ === 0 ? stepMs : learntMs + (stepMs - learntMs) * NEWEST;
        }
        heardAtMs = nowMs;
      }

      subscriber.add(
        scheduler.schedule(function check(this) {
          const nowMs = scheduler.now();
          // Not into the future: a picture may have been read since, before this check.
          if (hasJumped(nowMs)) heardAtMs = Math.min(nowMs, heardAtMs + Math.abs(nowMs - checkedAtMs));
          checkedAtMs = nowMs;
          const silentMs = nowMs - heardAtMs;
          if (silentMs < limitMs()) this.schedule(undefined, CHECK_MS);
          else subscriber.error(silence(frames, silentMs));
        }, CHECK_MS),
      );
      subscriber.add(
        source.subscribe({
          next(item) {
            note(item);
            subscriber.next(item);
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      );
    });
}

function silence(frames: number, silentMs: number): PipelineError {
  const seconds = (silentMs / 1000).toFixed(1);
  return frames === 0
    ? new PipelineError('timeout', `expected a first picture, got none in ${seconds} s`)
    : new PipelineError('stalled', `expected the next picture, got none for ${seconds} s`);
}
