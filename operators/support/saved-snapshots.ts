import { AsyncSubject, Subscription, asyncScheduler, from, map, race, timer } from 'rxjs';
import type { Observable, ObservableInput, SchedulerLike } from 'rxjs';
import type { StoredSnapshot } from '../../models/domain/snapshot';

export interface SavedSnapshotsOptions {
  /** A snapshot that takes longer, from the end of its track, is not waited for any more. */
  readonly maxWaitMs: number;
  /** That many on their way hold the source back. Default 64. */
  readonly mostWaiting?: number;
  /** One was not waited for. */
  readonly onLate: () => void;
  readonly scheduler?: SchedulerLike;
}

/** What becomes of the snapshots of one camera's tracks, between those who store them and those who tell of them. */
export interface SavedSnapshots {
  /** A track's snapshot is being stored; gives its one value, undefined where that failed, and must not err. */
  add(trackId: string, saved: ObservableInput<StoredSnapshot | undefined>): void;
  /** Its outcome, once: emits within `maxWaitMs` of `add`, and completes. Undefined when none was added. */
  take(trackId: string): Observable<StoredSnapshot | undefined> | undefined;
  /** Resolves at once while few are on their way, else when that is so again. */
  ready(): Promise<void>;
  /** Nobody asks any more. */
  close(): void;
}

/** Entries nobody took: the ends of tracks of which nothing is told, as none should be. */
const MOST_KEPT = 1024;
const DEFAULT_MOST_WAITING = 64;

/** Keeps the outcomes until they are taken; bounded, also when nobody does. */
export function createSavedSnapshots({
  maxWaitMs,
  mostWaiting = DEFAULT_MOST_WAITING,
  onLate,
  scheduler = asyncScheduler,
}: SavedSnapshotsOptions): SavedSnapshots {
  if (!(maxWaitMs > 0)) throw new RangeError(`saved snapshots: expected maxWaitMs above 0, got ${maxWaitMs}`);
  const outcomes = new Map<string, Observable<StoredSnapshot | undefined>>();
  const work = new Subscription();
  let waiting = 0;
  let askers: (() => void)[] = [];

  function letGo(): void {
    if (waiting >= mostWaiting && !work.closed) return;
    const all = askers;
    askers = [];
    for (const resolve of all) resolve();
  }

  return {
    add(trackId, saved) {
      const outcome = new AsyncSubject<StoredSnapshot | undefined>();
      const late = timer(maxWaitMs, scheduler).pipe(
        map(() => {
          onLate();
          return undefined;
        }),
      );
      waiting++;
      outcomes.set(trackId, outcome);
      for (const oldest of outcomes.keys()) {
        if (outcomes.size <= MOST_KEPT) break;
        outcomes.delete(oldest);
      }
      const one = race(from(saved), late).subscribe(outcome);
      one.add(() => {
        waiting--;
        letGo();
      });
      work.add(one);
    },
    take(trackId) {
      const outcome = outcomes.get(trackId);
      outcomes.delete(trackId);
      return outcome;
    },
    ready: () =>
      waiting < mostWaiting || work.closed
        ? Promise.resolve()
        : new Promise((resolve) => askers.push(resolve)),
    close() {
      work.unsubscribe();
      outcomes.clear();
      letGo();
    },
  };
}
