import { from, lastValueFrom, toArray } from 'rxjs';
import { eventSchema } from '../../../models/domain/event';
import type { EventOf, SightlineEvent } from '../../../models/domain/event';
import { cameraId } from '../../../models/domain/frame';
import type { FrameInfo } from '../../../models/domain/frame';
import type { Track, TrackedFrame, TracksClosed } from '../../../models/domain/track';
import type { CameraStatus } from '../../../models/domain/camera-status';
import { emitEvents } from '../../../operators/transforms/emit-events';

const id = cameraId('front');
const options = { cameraId: id, source: 'file/0123456789abcdef', runKey: 'run', updateIntervalMs: 1000 };

function frameAt(ptsMs: number, extra: Partial<FrameInfo> = {}): FrameInfo {
  return {
    cameraId: id,
    mode: 'recorded',
    segment: { epoch: 0, isResumed: false },
    seq: ptsMs / 100,
    ptsMs,
    atMs: ptsMs,
    source: { width: 200, height: 100 },
    ...extra,
  };
}

function trackAt(ptsMs: number, extra: Partial<Track> = {}): Track {
  return {
    number: 1,
    epoch: 0,
    label: 'person',
    score: 0.61234567,
    maxScore: 0.7,
    box: [10, 20, 30, 60],
    firstSeenPtsMs: 0,
    lastSeenPtsMs: ptsMs,
    firstSeenAtMs: 0,
    lastSeenAtMs: ptsMs,
    velocity: [20, -10],
    hits: 3,
    isVisible: true,
    ...extra,
  };
}

function tracked(ptsMs: number, extra: Partial<Track> = {}, frame: Partial<TrackedFrame> = {}): TrackedFrame {
  return {
    kind: 'tracked',
    frame: frameAt(ptsMs),
    tracks: [trackAt(ptsMs, extra)],
    isTracking: true,
    tracksUntilPtsMs: ptsMs + 1500,
    started: [],
    ended: [],
    ...frame,
  };
}

const started = (ptsMs: number): TrackedFrame => ({ ...tracked(ptsMs), started: [trackAt(ptsMs)] });
const closed = (ptsMs: number): TracksClosed => ({
  kind: 'closed',
  ended: [{ track: trackAt(ptsMs), reason: 'completed' }],
});

async function emit(
  items: readonly (TrackedFrame | TracksClosed | CameraStatus)[],
): Promise<SightlineEvent[]> {
  const events = await lastValueFrom(from(items).pipe(emitEvents(options), toArray()));
  for (const event of events) expect(eventSchema.safeParse(event).error).toBeUndefined();
  return events;
}

const types = (events: readonly SightlineEvent[]) =>
  events.map(({ type, time }) => `${type} ${time.slice(17, 23)}`);

describe('emitEvents', () => {
  it('tells the start, the end and throttled updates of a track', async () => {
    const frames = [300, 700, 1200, 1300, 1600, 2400].map((ptsMs) => tracked(ptsMs));
    const events = await emit([started(200), ...frames, closed(2400)]);
    expect(types(events)).toEqual([
      'track.started 00.200',
      'track.updated 01.200',
      'track.updated 02.400',
      'track.ended 02.400',
    ]);
  });

  it.each<[string, Partial<Track>]>([
    ['another label', { label: 'car' }],
    ['out of sight', { isVisible: false }],
  ])('tells at once what is significant: %s', async (_name, change) => {
    expect(types(await emit([started(200), tracked(300, change)]))).toEqual([
      'track.started 00.200',
      'track.updated 00.300',
    ]);
  });

  it('tells an object that left the box last told after a quarter of the interval', async () => {
    const box = [60, 20, 80, 60] as const;
    const frames = [tracked(400, { box }), tracked(500, { box }), tracked(800, { box: [61, 20, 81, 60] })];
    expect(types(await emit([started(200), ...frames]))).toEqual([
      'track.started 00.200',
      'track.updated 00.500',
    ]);
  });

  it('stays silent while an object is out of sight, and tells its return at once', async () => {
    const hidden = { isVisible: false };
    const frames = [tracked(300, hidden), tracked(1500, hidden), tracked(3000, hidden), tracked(3100)];
    expect(types(await emit([started(200), ...frames])).slice(1)).toEqual([
      'track.updated 00.300',
      'track.updated 03.100',
    ]);
  });

  it('gives boxes in pixels and fractions, velocity in pictures a second, and a bounded path', async () => {
    const frames = Array.from({ length: 500 }, (_, at) =>
      tracked(300 + at * 100, { box: [at / 4, 20, 20 + at / 4, 60] }),
    );
    const events = await emit([started(200), ...frames, closed(50_200)]);
    const begin = events[0] as EventOf<'track.started'>;
    expect(begin.data).toMatchObject({
      trackId: 'front-0-1',
      score: 0.6123,
      box: [10, 20, 30, 60],
      boxFraction: [0.05, 0.2, 0.15, 0.6],
    });
    const update = events.find(({ type }) => type === 'track.updated') as EventOf<'track.updated'>;
    expect(update.data.velocity).toEqual([0.1, -0.1]);
    const end = events.at(-1) as EventOf<'track.ended'>;
    expect(end.data.path.length).toBeGreaterThan(30);
    expect(end.data.path.length).toBeLessThanOrEqual(64);
    expect(end.data.path.at(-1)).toEqual([0.6738, 0.6]);
    expect(end.data).toMatchObject({ reason: 'completed', durationMs: 50_200, hits: 3, maxScore: 0.7 });
  });

  it('gives every event an id of its own, the same in every run, another with another run key', async () => {
    const items = [started(200), tracked(1300), tracked(2400), closed(2400)];
    const first = (await emit(items)).map((event) => event.id);
    expect(new Set(first).size).toBe(4);
    expect((await emit(items)).map((event) => event.id)).toEqual(first);
    const other = await lastValueFrom(
      from(items).pipe(emitEvents({ ...options, runKey: 'other' }), toArray()),
    );
    expect(other.map((event) => event.id)).not.toContain(first[0]);
  });

  it('keeps a track known by one id over a resumed segment', async () => {
    const resumed = frameAt(10, { segment: { epoch: 1, isResumed: true }, atMs: 5000 });
    const events = await emit([started(4000), { ...tracked(10), frame: resumed }, closed(10)]);
    expect(events.map(({ type }) => type)).toEqual(['track.started', 'track.updated', 'track.ended']);
    expect(new Set(events.map(({ data }) => (data as { trackId: string }).trackId))).toEqual(
      new Set(['front-0-1']),
    );
  });

  it('tells a camera going and coming, each with an id of its own', async () => {
    const status = { kind: 'status', cameraId: id, epoch: 7, atMs: 1000 } as const;
    const online = { ...status, status: 'online', source: { width: 200, height: 100 } } as const;
    const offline = { ...status, status: 'offline', cause: 'refused', detail: 'nobody there' } as const;
    const events = await emit([offline, online, offline, { ...status, status: 'lapsed' }]);
    expect(events.map(({ type }) => type)).toEqual(['camera.offline', 'camera.online', 'camera.offline']);
    expect(new Set(events.map((event) => event.id)).size).toBe(3);
    expect(events[2]).toMatchObject({
      subject: 'front',
      data: { cause: 'refused', detail: 'nobody there', epoch: 7 },
    });
  });

  it('refuses a negative interval when it is made', () => {
    expect(() => emitEvents({ ...options, updateIntervalMs: -1 })).toThrow(
      'emitEvents: expected updateIntervalMs of 0 or more, got -1',
    );
  });
});
