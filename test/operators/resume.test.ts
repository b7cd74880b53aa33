import { Subject, filter } from 'rxjs';
import type { CameraStatus } from '../../models/domain/camera-status';
import { eventSchema } from '../../models/domain/event';
import type { SightlineEvent } from '../../models/domain/event';
import type { FrameInfo } from '../../models/domain/frame';
import type { Observation } from '../../models/domain/observation';
import { openCamera } from '../../models/domain/open-tracks';
import type { ResumedCamera } from '../../models/domain/resumed-camera';
import { applyRules } from '../../operators/transforms/apply-rules';
import type { RuleSet } from '../../operators/transforms/apply-rules';
import { emitEvents } from '../../operators/transforms/emit-events';
import { trackObjects } from '../../operators/transforms/track-objects';
import { detectionAt, observed } from '../support/frames';
import { NEXT_EPOCH, liveFrame, ofType, openAfter, resumedAfter } from '../support/tracks';

const id = liveFrame(0, 0).cameraId;
const left: RuleSet['zones'][number] = {
  name: 'left half',
  points: [
    [0, 0],
    [0.5, 0],
    [0.5, 1],
    [0, 1],
  ],
  anchor: 'bottom',
  enterMs: 200,
  leaveMs: 200,
  loiterMs: 1000,
  minScore: 0,
  minHeight: 0,
  occupancy: {},
};
const RULES: RuleSet = { zones: [left], lines: [], stationary: { afterMs: 1000, within: 0.5 } };
const online = (frame: FrameInfo): CameraStatus => ({
  ...{ kind: 'status', status: 'online', cameraId: id, epoch: frame.segment.epoch, atMs: frame.atMs },
  source: frame.source,
});
const lapsed: CameraStatus = { kind: 'status', status: 'lapsed', cameraId: id, epoch: NEXT_EPOCH, atMs: 0 };

/** Events of a process that sees this, until it is killed; `isStopped`: it ends in good order instead. */
function run(
  items: readonly (Observation | CameraStatus)[],
  {
    resume,
    isStopped = false,
    rules = RULES,
  }: { resume?: ResumedCamera | undefined; isStopped?: boolean; rules?: RuleSet } = {},
): SightlineEvent[] {
  const events: SightlineEvent[] = [];
  const seen = new Subject<Observation | CameraStatus>();
  seen
    .pipe(
      trackObjects({ endReason: () => 'stopped', resume }),
      filter((item) => item.kind !== 'view'),
      applyRules({ ...rules, resume }),
      emitEvents({ cameraId: id, source: 'camera/door', runKey: 'run', updateIntervalMs: 500, resume }),
    )
    .subscribe((event) => events.push(event));
  for (const item of items) seen.next(item);
  if (isStopped) seen.complete();
  for (const event of events) expect(eventSchema.safeParse(event).error).toBeUndefined();
  return events;
}

/** One person who stands at x, in frames from one to another. */
function person(from: number, to: number, { x = 100, epoch = 0, isResumed = false } = {}): Observation[] {
  return Array.from({ length: to - from }, (_, n) =>
    observed(liveFrame(from + n, epoch, isResumed), [detectionAt(x, 300)]),
  );
}

const nobody = (from: number, to: number, epoch: number) =>
  Array.from({ length: to - from }, (_, n) => observed(liveFrame(from + n, epoch, true)));

const before = () => run([online(liveFrame(0, 0)), ...person(0, 20)]);
const words = (events: readonly SightlineEvent[]) =>
  events.map(({ type, data }) => ('reason' in data ? `${type} ${data.reason}` : type));

describe('a run that follows one that was killed', () => {
  it('goes on with the tracks: nothing is begun twice, and all of it ends once', () => {
    const first = before();
    expect(words(first)).toEqual([
      ...['camera.online', 'track.started', 'zone.entered', 'occupancy.changed', 'track.updated'],
      ...['zone.loitering', 'object.stationary', 'track.updated', 'track.updated'],
    ]);
    const resume = resumedAfter(first);
    const second = run(person(60, 75, { epoch: NEXT_EPOCH, isResumed: true }), { resume, isStopped: true });
    expect(words(second)).toEqual([
      ...['track.updated', 'track.updated', 'track.updated'],
      ...['zone.left', 'occupancy.changed', 'track.ended stopped'],
    ]);
    const [started] = ofType(first, 'track.started');
    const [ended] = ofType(second, 'track.ended');
    expect(ended!.data).toMatchObject({
      trackId: started!.data.trackId,
      firstSeenPtsMs: 0,
      durationMs: 7400,
      // The last update told of those until then; what came between it and the end is not known.
      hits: ofType(first, 'track.updated').at(-1)!.data.hits! + 15,
    });
    expect(ofType(second, 'zone.left')[0]!.data.dwellMs).toBeGreaterThanOrEqual(7000);
    const ids = [...first, ...second].map((event) => event.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(openAfter([...first, ...second]).tracks).toEqual([]);
  });

  it('loses what is not there any more', () => {
    const second = run(nobody(60, 90, NEXT_EPOCH), { resume: resumedAfter(before()) });
    expect(words(second)).toEqual(['zone.left', 'track.ended lost', 'occupancy.changed']);
  });

  const ended = 'track.ended restart';
  it.each([
    [
      'when nothing of the camera came within the window',
      [lapsed, ...person(600, 610, { epoch: NEXT_EPOCH })],
      ['zone.left', 'occupancy.changed', ended],
    ],
    [
      'when the picture is another',
      person(60, 70, { epoch: NEXT_EPOCH }),
      ['zone.left', ended, 'occupancy.changed'],
    ],
  ])('ends them with restart %s', (_when, items, expected) => {
    const first = before();
    const second = run(items, { resume: resumedAfter(first), isStopped: true });
    expect(words(second).filter((word) => !word.startsWith('track.updated'))).toEqual([
      ...expected,
      ...['track.started', 'zone.entered', 'occupancy.changed'],
      ...['zone.left', 'occupancy.changed', 'track.ended stopped'],
    ]);
    expect(ofType(second, 'occupancy.changed').map(({ data }) => data.count)).toEqual([0, 1, 0]);
    const [begun, anew] = [...first, ...second].filter(({ type }) => type === 'track.started');
    expect(begun!.id).not.toBe(anew!.id);
    const ids = [...first, ...second].map((event) => event.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(openAfter([...first, ...second]).tracks).toEqual([]);
  });

  it('lets them leave a zone that is not configured any more', () => {
    const first = before();
    const told = (items: readonly (Observation | CameraStatus)[], zones: RuleSet['zones']) => {
      const rules = { zones, lines: [] };
      const second = run(items, { resume: resumedAfter(first), isStopped: true, rules });
      expect(openAfter([...first, ...second]).tracks).toEqual([]);
      expect(ofType(second, 'zone.left').map(({ data }) => data.zone)).toContain('left half');
      return words(second).filter((word) => word !== 'track.updated');
    };
    const goesOn = person(60, 70, { epoch: NEXT_EPOCH, isResumed: true });
    expect(told(goesOn, [])).toEqual(['zone.left', 'track.ended stopped']);
    expect(told([lapsed], [])).toEqual(['zone.left', 'track.ended restart']);
    expect(told(goesOn, [{ ...left, name: 'renamed' }])).toEqual([
      ...['zone.left', 'zone.entered', 'occupancy.changed'],
      ...['zone.left', 'occupancy.changed', 'track.ended stopped'],
    ]);
  });

  it('ends them once although the earlier run was not dead: both ends bear one id', () => {
    const stopped = run([online(liveFrame(0, 0)), ...person(0, 20)], { isStopped: true });
    const [own] = ofType(stopped, 'track.ended');
    const [taken] = ofType(run([lapsed], { resume: resumedAfter(before()) }), 'track.ended');
    expect(taken!.id).toBe(own!.id);
  });

  it('gives new tracks numbers that none of the resumed ones has', () => {
    const both = run([
      ...Array.from({ length: 5 }, (_, n) =>
        observed(liveFrame(n, 0), [detectionAt(100, 300), detectionAt(500, 300)]),
      ),
    ]);
    const resume = resumedAfter(both);
    const second = run(
      Array.from({ length: 10 }, (_, n) =>
        observed(
          liveFrame(40 + n, NEXT_EPOCH, true),
          [100, 300, 500].map((x) => detectionAt(x, 300)),
        ),
      ),
      { resume },
    );
    expect(ofType(second, 'track.started').map(({ data }) => data.trackId)).toEqual([`door-${NEXT_EPOCH}-3`]);
  });

  it('is resumed again by a third run', () => {
    const first = before();
    const second = run(person(60, 70, { epoch: NEXT_EPOCH, isResumed: true }), {
      resume: resumedAfter(first),
    });
    const third = run([lapsed], { resume: resumedAfter([...first, ...second]) });
    expect(words(third)).toEqual(['zone.left', 'occupancy.changed', 'track.ended restart']);
    expect(ofType(third, 'track.ended')[0]!.data.durationMs).toBeGreaterThan(6000);
  });
});

describe('openCamera', () => {
  it('knows the camera until it was stopped, through outages', () => {
    const offline = (cause: 'stopped' | 'timeout'): CameraStatus => ({
      ...{ kind: 'status', status: 'offline', cameraId: id, epoch: 0, atMs: 0 },
      cause,
    });
    const statuses = [online(liveFrame(0, 0)), offline('timeout')];
    expect(openAfter(run(statuses)).online?.data.source).toEqual({ width: 640, height: 480 });
    expect(openAfter(run([online(liveFrame(0, 0)), offline('stopped')]))).toEqual({ tracks: [] });
  });

  it('leaves out other sources, and what is no event', () => {
    const kept = before().map((event) => JSON.stringify(event));
    expect(openCamera([...kept, '{', '{"type":"track.started"}'], 'camera/door').tracks).toHaveLength(1);
    expect(openCamera(kept, 'file/0123456789abcdef')).toEqual({ tracks: [] });
  });

  it('finds the size of the picture by a box where nothing tells it', () => {
    const first = before().filter(({ type }) => type !== 'camera.online');
    expect(resumedAfter(first)!.last.source).toEqual({ width: 640, height: 480 });
  });
});
