import { Observable, asyncScheduler } from 'rxjs';
import type { OperatorFunction, SchedulerLike, Subscription } from 'rxjs';
import type { ViewFrame } from '../../models/domain/frame';
import type { TrackedFrame } from '../../models/domain/track';

export interface JoinViewsOptions {
  /** Pictures of the other stream, in its order; each brings one hold. An error of theirs is the result's. */
  readonly views: Observable<ViewFrame>;
  /** Longest time for which a picture waits for what was found at its time, in milliseconds. */
  readonly maxWaitMs: number;
  /** Pictures of so many bytes that may wait; then the oldest goes on as it is. */
  readonly mostWaiting: (byteLength: number) => number;
  readonly scheduler?: SchedulerLike;
}

/** What one camera's chain carries behind the tracker. */
interface Other {
  readonly kind: string;
}

interface Waiting {
  readonly view: ViewFrame;
  readonly untilMs: number;
}

/**
 * Puts the pictures of a camera's other stream between its tracked frames, by event time: each follows the tracked frame that
 * is nearest to it in time. A picture waits until a later frame was tracked, or `maxWaitMs`; frames never wait. The two streams
 * share no clock: their times are estimates (`captureClock`), apart by what one stream is delayed more than the other.
 *
 * When open tracks are closed, pictures from before go on first. Completes with its source. When the consumer leaves, or the source
 * errs, what waits is released. Throws a RangeError when `maxWaitMs` is not positive.
 */
export function joinViews<T extends Other>({
  views,
  maxWaitMs,
  mostWaiting,
  scheduler = asyncScheduler,
}: JoinViewsOptions): OperatorFunction<T, T | ViewFrame> {
  if (!(maxWaitMs > 0)) throw new RangeError(`joinViews: expected maxWaitMs above 0, got ${maxWaitMs}`);
  return (source) =>
    new Observable((subscriber) => {
      const waiting: Waiting[] = [];
      let timer: Subscription | undefined;
      let latestAtMs = -Infinity;

      function passWhile(isDue: (head: Waiting) => boolean): void {
        for (let head = waiting[0]; head !== undefined && isDue(head); head = waiting[0]) {
          waiting.shift();
          subscriber.next(head.view);
        }
      }

      /** One timer at a time: those who wait are due in their order. */
      function timeHead(): void {
        const [head] = waiting;
        if (timer !== undefined || head === undefined) return;
        const delayMs = Math.max(0, head.untilMs - scheduler.now());
        timer = scheduler.schedule(() => {
          timer = undefined;
          passWhile(({ untilMs }) => untilMs <= scheduler.now());
          timeHead();
        }, delayMs);
      }

      function take(view: ViewFrame): void {
        waiting.push({ view, untilMs: scheduler.now() + maxWaitMs });
        const most = Math.max(0, mostWaiting(view.lease.pixels.length));
        passWhile(() => waiting.length > most);
        timeHead();
      }

      function pass(item: T): void {
        if (item.kind !== 'tracked') {
          if (item.kind === 'closed') passWhile(() => true);
          subscriber.next(item);
          return;
        }
        const { atMs } = (item as unknown as TrackedFrame).frame;
        // A clock that was set back: nothing of before is nearer to what comes now.
        if (atMs < latestAtMs) passWhile(() => true);
        const middleMs = (latestAtMs + atMs) / 2;
        passWhile(
          ({ view }) => view.info.atMs < middleMs || (latestAtMs === -Infinity && view.info.atMs < atMs),
        );
        latestAtMs = atMs;
        subscriber.next(item);
        passWhile(({ view }) => view.info.atMs <= atMs);
      }

      subscriber.add(() => {
        timer?.unsubscribe();
        for (const { view } of waiting.splice(0)) view.lease.release();
      });
      // First, so that a source that completes at once leaves no stream open.
      subscriber.add(views.subscribe({ next: take, error: (error: unknown) => subscriber.error(error) }));
      subscriber.add(
        source.subscribe({
          next: pass,
          error: (error: unknown) => subscriber.error(error),
          complete() {
            passWhile(() => true);
            subscriber.complete();
          },
        }),
      );
    });
}
