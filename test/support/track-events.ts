import type { EventData, EventType, SightlineEvent } from '../../models/domain/event';
import { createEventId } from '../../models/domain/event-id';
import { startedEvent } from './events';

/** Updates between the start and the end of each track. */
const UPDATES = 8;
const CAMERAS = 10;

/** So many events of ten cameras in turns, of tracks that start, go on for a while and end. */
export function trackEvents(count: number): readonly SightlineEvent[] {
  const counts = new Map<string, number>();
  return Array.from({ length: count }, (_, index) => {
    const camera = `camera-${String(index % CAMERAS)}`;
    const n = counts.get(camera) ?? 0;
    counts.set(camera, n + 1);
    return trackEvent(camera, Math.floor(n / (UPDATES + 2)), n % (UPDATES + 2));
  });
}

function trackEvent(camera: string, track: number, step: number): SightlineEvent {
  const started = startedEvent(track, camera);
  const { firstSeenPtsMs, ...data } = started.data;
  const of = <T extends EventType>(type: T, n: number, more: Partial<EventData<T>>) =>
    ({
      ...started,
      type,
      id: createEventId({ source: started.source, runKey: 'run', epoch: 0, trackId: data.trackId, type, n }),
      data: { ...data, ...more },
    }) as unknown as SightlineEvent;
  if (step === 0) return started;
  if (step <= UPDATES)
    return of('track.updated', step, { velocity: [0.01, 0], isVisible: true, hits: step + 3 });
  return of('track.ended', 0, {
    ...{
      reason: 'lost',
      firstSeenPtsMs,
      lastSeenPtsMs: firstSeenPtsMs,
      durationMs: 1000,
      maxScore: 0.9,
      hits: 10,
    },
    path: Array.from({ length: 16 }, (_, index) => [index / 16, 0.5]),
  });
}
