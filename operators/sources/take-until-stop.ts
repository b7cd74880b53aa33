import { defer, of, switchMap, take, takeUntil, takeWhile, tap, timer } from 'rxjs';
import type { MonoTypeOperatorFunction, Observable, SchedulerLike } from 'rxjs';

/** A view picture may find its buffers taken for a moment, or never come from a camera that froze just then. */
export const PAIR_TIMEOUT_MS = 1000;

export interface TakeUntilStopOptions {
  readonly stop: Observable<unknown>;
  /** Every `frame` is followed by the `view` of the same picture. */
  readonly hasView: boolean;
  readonly onStop: () => void;
  readonly scheduler: SchedulerLike;
}

/**
 * Completes when `stop` emits, but lets the view of the last detect frame come first, so that a video made of the views has
 * every picture that was looked at. It is waited for `PAIR_TIMEOUT_MS` at most, and whatever comes instead (the next frame, as
 * the view found no buffer, or the source's own end) is the last item too: a source that was stopped must not start again.
 */
export function takeUntilStop<T extends { readonly kind: string }>(
  options: TakeUntilStopOptions,
): MonoTypeOperatorFunction<T> {
  const { stop, hasView, onStop, scheduler } = options;
  return (source) =>
    defer(() => {
      let isStopped = false;
      let isHalf = false;
      const stopped = stop.pipe(
        take(1),
        tap(() => {
          isStopped = true;
          onStop();
        }),
        switchMap(() => (isHalf ? timer(PAIR_TIMEOUT_MS, scheduler) : of(0))),
      );
      return source.pipe(
        takeUntil(stopped),
        tap(({ kind }) => (isHalf = hasView && kind === 'frame')),
        takeWhile(() => !isStopped, true),
      );
    });
}
