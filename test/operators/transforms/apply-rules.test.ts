import { from, lastValueFrom, toArray } from 'rxjs';
import type { CameraStatus } from '../../../models/domain/camera-status';
import { cameraId } from '../../../models/domain/frame';
import type { TrackedFrame, TracksClosed } from '../../../models/domain/track';
import { applyRules } from '../../../operators/transforms/apply-rules';
import type { RuleSet } from '../../../operators/transforms/apply-rules';
import { emitEvents } from '../../../operators/transforms/emit-events';
import { itObeysOperatorLaws } from '../../support/operator-laws';
import { frameAt } from '../../support/ruled';

const place = { anchor: 'bottom', minScore: 0, minHeight: 0 } as const;
const door = {
  ...place,
  name: 'door',
  points: [
    [0.4, 0.4],
    [0.6, 0.4],
    [0.6, 0.6],
    [0.4, 0.6],
  ],
  enterMs: 0,
  leaveMs: 0,
  occupancy: { intervalMs: 1000 },
} as const;
const gate = {
  ...place,
  name: 'gate',
  points: [
    [0.5, 0.9],
    [0.5, 0.1],
  ],
  band: 0.02,
  minMove: 0,
} as const;
const RULES: RuleSet = { zones: [door], lines: [gate] };

const way = [460, 480, 520, 540];
const frames = way.map((x, n) => frameAt(n * 100, [x, 500], {}, n === 0));
const [last] = frames.at(-1)!.tracks;
const closed: TracksClosed = { kind: 'closed', ended: [{ track: last!, reason: 'completed' }] };

const eventsOf = (items: readonly (TrackedFrame | TracksClosed | CameraStatus)[], rules = RULES) =>
  lastValueFrom(
    from(items).pipe(
      applyRules(rules),
      emitEvents({
        cameraId: cameraId('yard'),
        source: 'camera/yard',
        runKey: 'k',
        updateIntervalMs: 60_000,
      }),
      toArray(),
    ),
  );
const typesOf = async (items: Parameters<typeof eventsOf>[0], rules = RULES) =>
  (await eventsOf(items, rules)).map(({ type, data }) => {
    const ptsMs = 'ptsMs' in data ? `${data.ptsMs} ` : '';
    return ptsMs + type;
  });

describe('applyRules', () => {
  itObeysOperatorLaws(() => applyRules(RULES), [...frames, closed]);

  it('tells what rules found after the track began and before it ended', async () => {
    expect(await typesOf([...frames, closed])).toEqual([
      '0 track.started',
      '0 zone.entered',
      '0 occupancy.changed',
      '300 line.crossed',
      '300 zone.left',
      '300 occupancy.changed',
      '300 track.ended',
      '300 occupancy.summary',
    ]);
  });

  it('makes the same events of the same frames, each with an id of its own', async () => {
    const events = await eventsOf([...frames, closed]);
    expect(await eventsOf([...frames, closed])).toEqual(events);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  it('moves nobody in a frame that nobody looked at', async () => {
    const blind: TrackedFrame = { ...frameAt(250, [700, 500]), unobserved: 'expired' };
    const told = await typesOf([...frames.slice(0, 2), blind]);
    expect(told).toEqual([
      '0 track.started',
      '0 zone.entered',
      '0 occupancy.changed',
      '100 occupancy.summary',
    ]);
  });

  it('tells what is left of occupancies before the camera is offline, and not again', async () => {
    const offline: CameraStatus = {
      kind: 'status',
      status: 'offline',
      cause: 'stopped',
      epoch: 0,
      atMs: 400,
    } as CameraStatus;
    const told = await typesOf([...frames, closed, offline]);
    expect(told.slice(-2)).toEqual(['300 occupancy.summary', 'camera.offline']);
  });

  it('goes by schedules', async () => {
    const never = { timeZone: 'UTC', times: [{ from: '12:00', to: '13:00' }] };
    const rules = { zones: [{ ...door, schedule: never }], lines: [{ ...gate, schedule: never }] };
    expect(await typesOf([...frames, closed], rules)).toEqual(['0 track.started', '300 track.ended']);
  });

  it('tells speeds where they are asked for', async () => {
    const events = await eventsOf([...frames, closed], { ...RULES, speed: { windowMs: 400 } });
    const crossed = events.find(({ type }) => type === 'line.crossed');
    expect(crossed?.data).toMatchObject({ speed: { value: expect.closeTo(0.28, 2), unit: 'heights/s' } });
  });

  it('refuses ground without a perspective', () => {
    const points = [door.points[0], door.points[0], door.points[1], door.points[2]];
    const speed = { windowMs: 1000, ground: { points, metres: points } };
    expect(() => applyRules({ ...RULES, speed })).toThrow(
      'expected four places of which no three lie on one line',
    );
  });
});
