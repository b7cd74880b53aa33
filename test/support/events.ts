import { createEventId } from '../../models/domain/event-id';
import type { EventOf } from '../../models/domain/event';

/** A valid `track.started`; `n` makes its id its own. */
export function startedEvent(n: number, camera = 'front'): EventOf<'track.started'> {
  const source = `camera/${camera}`;
  const identity = {
    source,
    runKey: 'run',
    epoch: 0,
    trackId: `${camera}-0-${n}`,
    type: 'track.started',
    n: 0,
  } as const;
  return {
    specversion: '1.0',
    id: createEventId(identity),
    source,
    type: 'track.started',
    subject: camera,
    time: '2026-05-01T12:00:00.000Z',
    datacontenttype: 'application/json',
    dataschema: 'urn:sightline:event:1',
    data: {
      camera,
      epoch: 0,
      trackId: identity.trackId,
      label: 'person',
      score: 0.9,
      box: [1, 2, 3, 4],
      boxFraction: [0.1, 0.2, 0.3, 0.4],
      ptsMs: n,
      firstSeenPtsMs: n,
    },
  };
}
