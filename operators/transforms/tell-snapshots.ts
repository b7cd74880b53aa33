import { concatMap, finalize, map, of } from 'rxjs';
import type { MonoTypeOperatorFunction, Observable } from 'rxjs';
import type { SightlineEvent } from '../../models/domain/event';
import type { StoredSnapshot } from '../../models/domain/snapshot';
import type { SavedSnapshots } from '../support/saved-snapshots';

export interface TellSnapshotsOptions {
  /** Where outcomes come from; closed when the consumer leaves or the events are over. */
  readonly saved: Pick<SavedSnapshots, 'take' | 'close'>;
}

/**
 * Adds to each `track.ended` where the track's snapshot was stored, once it was. The events of a camera keep their order: those behind wait
 * with it, as long as `saved` lets them, which is some seconds of events. One whose snapshot failed, or took too long, goes on as it is.
 * Drops nothing; errors pass on.
 */
export function tellSnapshots({ saved }: TellSnapshotsOptions): MonoTypeOperatorFunction<SightlineEvent> {
  return (source) =>
    source.pipe(
      concatMap((event): Observable<SightlineEvent> => {
        if (event.type !== 'track.ended') return of(event);
        const outcome = saved.take(event.data.trackId);
        return outcome?.pipe(map((stored) => withSnapshot(event, stored))) ?? of(event);
      }),
      finalize(() => saved.close()),
    );
}

function withSnapshot(
  event: Extract<SightlineEvent, { type: 'track.ended' }>,
  stored: StoredSnapshot | undefined,
): SightlineEvent {
  if (stored === undefined) return event;
  return { ...event, data: { ...event.data, bestFrame: stored.key, snapshot: stored.facts } };
}
