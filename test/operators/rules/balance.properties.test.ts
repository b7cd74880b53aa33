import fc from 'fast-check';
import { filter, from, lastValueFrom, toArray } from 'rxjs';
import type { CameraStatus } from '../../../models/domain/camera-status';
import { eventSchema } from '../../../models/domain/event';
import type { SightlineEvent } from '../../../models/domain/event';
import type { Observation, UnobservedReason } from '../../../models/domain/observation';
import { applyRules } from '../../../operators/transforms/apply-rules';
import type { RuleSet } from '../../../operators/transforms/apply-rules';
import { emitEvents } from '../../../operators/transforms/emit-events';
import { trackObjects } from '../../../operators/transforms/track-objects';
import { detectionAt, frameInfo, observed, unobserved } from '../../support/frames';

const id = frameInfo().cameraId;
const filters = { minScore: 0, minHeight: 0, anchor: 'bottom' as const };
const zone = (name: string, x1: number, x2: number, more: object = {}): RuleSet['zones'][number] => ({
  ...{ name, enterMs: 200, leaveMs: 300, dwellMs: 500, occupancy: { intervalMs: 1000 }, ...filters },
  points: [
    [x1, 0],
    [x2, 0],
    [x2, 1],
    [x1, 1],
  ],
  ...more,
});
const RULES: RuleSet = {
  zones: [
    zone('left', 0, 0.5),
    zone('middle', 0.3, 0.7, { enterMs: 0, leaveMs: 0 }),
    // On for every other second.
    zone('now and then', 0.2, 0.9, {
      schedule: { timeZone: 'UTC', times: [{ from: '00:00', to: '00:01' }] },
    }),
  ],
  lines: [{ name: 'gate', points: [[0.5, 0], [0.5, 1]], band: 0.01, minMove: 0.5, ...filters }], // prettier-ignore
  stationary: { afterMs: 800, within: 0.5 },
  speed: { windowMs: 400 },
};

/** What happens to a camera from one frame to the next. */
const step = fc.record({
  what: fc.oneof(
    { weight: 20, arbitrary: fc.constant('seen') },
    { weight: 3, arbitrary: fc.constantFrom('superseded', 'expired', 'gated') },
    { weight: 1, arbitrary: fc.constantFrom('cut', 'resumed', 'lapsed', 'minute') },
  ),
  places: fc.array(fc.tuple(fc.integer({ min: 0, max: 640 }), fc.double({ min: 0.1, max: 1, noNaN: true })), {
    maxLength: 4,
  }),
});

/** Objects that walk on, jitter, vanish and leap. */
function play(steps: readonly { what: string; places: readonly (readonly [number, number])[] }[]) {
  const items: (Observation | CameraStatus)[] = [];
  const walkers = [60, 250, 420, 600];
  let [epoch, seq, atMs] = [0, 0, 0];
  let isResumed = false;
  for (const { what, places } of steps) {
    if (what === 'cut' || what === 'resumed') {
      epoch++;
      seq = 0;
      isResumed = what === 'resumed';
      atMs += 900;
    }
    if (what === 'minute') atMs += 60_000;
    if (what === 'lapsed') {
      items.push({ kind: 'status', status: 'lapsed', cameraId: id, epoch, atMs });
      epoch++;
      seq = 0;
      isResumed = false;
    }
    atMs += 100;
    const frame = frameInfo({ seq, epoch, isResumed, atMs });
    seq++;
    if (['superseded', 'expired', 'gated'].includes(what)) {
      items.push(unobserved(frame, what as UnobservedReason));
      continue;
    }
    const detections = places.map(([x, score], index) => {
      const towards = walkers[index]! + Math.max(-30, Math.min(30, x - walkers[index]!));
      walkers[index] = score > 0.95 ? x : towards;
      return detectionAt(walkers[index], 200 + index * 60, { score });
    });
    items.push(observed(frame, detections));
  }
  return items;
}

function run(items: readonly (Observation | CameraStatus)[]): Promise<SightlineEvent[]> {
  return lastValueFrom(
    from(items).pipe(
      trackObjects({ endReason: () => 'completed' }),
      filter((item) => item.kind !== 'view'),
      applyRules(RULES),
      emitEvents({ cameraId: id, source: 'file/0123456789abcdef', runKey: 'run', updateIntervalMs: 500 }),
      toArray(),
    ),
  );
}

/** What is wrong with the order of these events; empty when nothing is. */
function faults(events: readonly SightlineEvent[]): string[] {
  const found: string[] = [];
  const alive = new Set<string>();
  const inside = new Map<string, Set<string>>();
  const ids = new Set<string>();
  let time = '';
  for (const event of events) {
    const { type, data } = event;
    if (!eventSchema.safeParse(event).success) found.push(`${type}: not as the contract says`);
    if (ids.has(event.id)) found.push(`${type}: an id twice`);
    ids.add(event.id);
    if (event.time < time) found.push(`${type}: ${event.time} after ${time}`);
    ({ time } = event);
    if (type === 'track.started') alive.add(data.trackId);
    else if ('trackId' in data && !alive.has(data.trackId)) found.push(`${type}: of no track that lives`);
    if (type === 'track.ended') {
      alive.delete(data.trackId);
      for (const [name, who] of inside) if (who.has(data.trackId)) found.push(`ended in ${name}`);
    }
    if (type === 'zone.entered' || type === 'zone.left') {
      const who = inside.get(data.zone) ?? new Set();
      inside.set(data.zone, who);
      if (who.has(data.trackId) !== (type === 'zone.left')) found.push(`${type}: out of turn`);
      if (type === 'zone.entered') who.add(data.trackId);
      else who.delete(data.trackId);
    }
    if (type === 'zone.dwell' && inside.get(data.zone)?.has(data.trackId) !== true)
      found.push('dwell outside');
    if (type === 'occupancy.changed' && data.count !== (inside.get(data.zone)?.size ?? 0))
      found.push(`${data.zone}: ${data.count} told, ${inside.get(data.zone)?.size ?? 0} inside`);
  }
  for (const [name, who] of inside) if (who.size > 0) found.push(`${name}: ${who.size} left inside`);
  return found;
}

describe('rules of a camera, whatever it shows', () => {
  it('tell what balances, within the lives of tracks, each once', async () => {
    let told = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120, size: 'max' }), async (steps) => {
        const events = await run(play(steps));
        told += events.filter(({ type }) => type === 'zone.left').length;
        expect(faults(events)).toEqual([]);
      }),
      { numRuns: 150 },
    );
    expect(told).toBeGreaterThan(100);
  });
});
