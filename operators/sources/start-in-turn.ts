import { Observable, asyncScheduler } from 'rxjs';
import type { MonoTypeOperatorFunction, SchedulerLike } from 'rxjs';

/** Places for sources that are starting, shared by all cameras of a process. */
export interface StartGate {
  /** Calls `enter` once there is a place; the function returned gives it back, or ends the wait. */
  enter(enter: () => void): () => void;
  /** Sources that wait for a place. */
  readonly waiting: number;
}

/** What a start costs is over by then; who has not answered keeps others from it no longer, however many do not. */
const HOLD_MS = 500;

/** A gate with so many places, given out in the order in which they were asked for. Throws a RangeError for fewer than one. */
export function createStartGate(places: number): StartGate {
  if (!(places >= 1)) throw new RangeError(`start gate: expected 1 place or more, got ${places}`);
  const queue = new Set<() => void>();
  let taken = 0;

  function admit(): void {
    for (const enter of queue) {
      if (taken >= places) return;
      queue.delete(enter);
      taken++;
      enter();
    }
  }

  return {
    get waiting() {
      return queue.size;
    },
    enter(enter) {
      let state: 'waiting' | 'in' | 'left' = 'waiting';
      const begin = () => {
        state = 'in';
        enter();
      };
      queue.add(begin);
      admit();
      return () => {
        if (state === 'in') taken--;
        queue.delete(begin);
        state = 'left';
        admit();
      };
    },
  };
}

/**
 * Subscribes to the source when the gate has a place for it, and keeps that until the source's first item, its end, or for
 * half a second: a thousand cameras that start together, or come back together, neither fork a thousand processes at once nor
 * wait for the one that does not answer.
 */
export function startInTurn<T>(
  gate: StartGate,
  scheduler: SchedulerLike = asyncScheduler,
): MonoTypeOperatorFunction<T> {
  return (source) =>
    new Observable((subscriber) => {
      const start: { isOver: boolean; giveBack?: () => void } = { isOver: false };
      const started = () => {
        if (start.isOver) return;
        start.isOver = true;
        start.giveBack?.();
      };
      start.giveBack = gate.enter(() => {
        subscriber.add(scheduler.schedule(started, HOLD_MS));
        subscriber.add(
          source.subscribe({
            next(item) {
              started();
              subscriber.next(item);
            },
            error: (error: unknown) => subscriber.error(error),
            complete: () => subscriber.complete(),
          }),
        );
      });
      // A source may have begun before the way to give its place back was known.
      if (start.isOver) start.giveBack();
      subscriber.add(start.giveBack);
    });
}
