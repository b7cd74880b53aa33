import type { SightlineEvent } from '../../models/domain/event';
import type { BridgedDelivery } from '../../pipeline/bridges/target';
import { startedEvent } from './events';

/** A delivery of an event, of which a target sees no more than this. */
export function bridged(event: SightlineEvent | ReturnType<typeof startedEvent>): BridgedDelivery {
  return { kind: 'event', event, seq: 1, entryId: '1-1' } as unknown as BridgedDelivery;
}

/** The events that `started(n, camera)` makes. */
export const started = (n: number, camera = 'front') => bridged(startedEvent(n, camera));

/** What a target tells of. */
export function notices() {
  const told: string[] = [];
  return {
    told,
    onTrouble: (detail: string) => void told.push(detail),
    onRecovered: () => void told.push('recovered'),
  };
}
