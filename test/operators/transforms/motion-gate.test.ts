import { Subject, map, tap } from 'rxjs';
import type { CameraStatus } from '../../../models/domain/camera-status';
import type { DetectFrame, FrameInfo, ViewFrame } from '../../../models/domain/frame';
import { createLedger } from '../../../models/domain/ledger';
import type { Observation, UnobservedReason } from '../../../models/domain/observation';
import type { TrackedFrame } from '../../../models/domain/track';
import { motionGate } from '../../../operators/transforms/motion-gate';
import type { MotionGateOptions } from '../../../operators/transforms/motion-gate';
import { frameInfo, viewFrame } from '../../support/frames';
import { itObeysOperatorLaws } from '../../support/operator-laws';

const INPUT = { width: 64, height: 64 };
const SETTINGS = { minContrast: 8, minAreaFraction: 0.01, holdMs: 0, everyMs: 1000 };
type Item = DetectFrame | Observation | ViewFrame | CameraStatus;
type Told = Partial<Pick<TrackedFrame, 'isTracking' | 'tracksUntilPtsMs'>> & {
  unobserved?: UnobservedReason;
};

interface FrameOptions {
  readonly epoch?: number;
  /** Where a bright box stands; default: nowhere. */
  readonly boxAt?: number;
  readonly source?: { readonly width: number; readonly height: number };
}

/** A frame whose one hold is `holds`. */
function frame(seq: number, { epoch = 0, boxAt, source = INPUT }: FrameOptions = {}) {
  const pixels = new Uint8Array((64 * 64 * 3) / 2).fill(100);
  if (boxAt !== undefined) {
    for (let y = 8; y < 28; y++) pixels.fill(180, y * 64 + boxAt, y * 64 + boxAt + 16);
  }
  const lease = {
    pixels,
    holds: 1,
    retain: () => {
      lease.holds++;
    },
    release: () => {
      lease.holds--;
    },
  };
  return { kind: 'frame', info: { ...frameInfo({ seq, epoch }), source }, lease } as const;
}

/** A gate with its tracker played by the test. */
function setUp(options: Partial<MotionGateOptions> = {}) {
  const source = new Subject<DetectFrame | ViewFrame | CameraStatus>();
  const tracked = new Subject<TrackedFrame>();
  const ledger = createLedger();
  const out: Item[] = [];
  const gate = motionGate<ViewFrame | CameraStatus>({
    ...SETTINGS,
    mode: 'recorded',
    ledger,
    input: INPUT,
    tracked,
    ...options,
  });
  const untold: FrameInfo[] = [];
  const subscription = source.pipe(gate).subscribe((item) => {
    out.push(item);
    if (item.kind === 'frame') untold.push(item.info);
    if (item.kind === 'observation') untold.push(item.frame);
  });
  return {
    subscription,
    source,
    tracked,
    ledger,
    /** Hands frames over as they come from a camera. */
    send: (...frames: readonly DetectFrame[]) => {
      for (const each of frames) {
        ledger.receive(each.info.segment.epoch);
        source.next(each);
      }
    },
    /** Says what the tracker made of the next that came out. */
    tell: ({ isTracking = false, tracksUntilPtsMs = -Infinity, unobserved }: Told = {}) => {
      const info = untold.shift()!;
      tracked.next({
        kind: 'tracked',
        frame: info,
        ...(unobserved !== undefined && { unobserved }),
        tracks: [],
        isTracking,
        tracksUntilPtsMs,
        started: [],
        ended: [],
      });
    },
    /** Frames looked at by their number, gated ones in brackets, anything else by its kind. */
    story: () =>
      out
        .map((item) => {
          if (item.kind === 'frame') return `${item.info.seq}`;
          return item.kind === 'observation' ? `(${item.frame.seq})` : item.kind;
        })
        .join(' '),
    out,
  };
}

describe('motionGate', () => {
  itObeysOperatorLaws(() => {
    const tracked = new Subject<TrackedFrame>();
    const gate = motionGate<never>({
      ...SETTINGS,
      mode: 'live',
      ledger: createLedger(),
      input: INPUT,
      tracked,
    });
    return (source) =>
      source.pipe(
        gate,
        map((item) => (item.kind === 'frame' ? item.info : item)),
      );
  }, [frame(0), frame(1, { boxAt: 8 })]);

  it('settles a frame in which nothing moves, gives its lease back and tells the tracker in its place', () => {
    const { send, tell, out, story, ledger } = setUp();
    const frames = [frame(0), frame(1)];
    send(frames[0]!);
    tell();
    send(frames[1]!);
    expect(story()).toBe('0 (1)');
    expect(out[1]).toEqual({ kind: 'observation', frame: frames[1]!.info, unobserved: 'gated' });
    expect(frames.map(({ lease }) => lease.holds)).toEqual([1, 0]);
    expect(ledger.total()).toMatchObject({ received: 2, dropped: { gated: 1 }, inFlight: 1 });
  });

  it('looks at what moves, for some time after it, and once in a while', () => {
    const { send, tell, story } = setUp({ holdMs: 200 });
    for (let seq = 0; seq < 30; seq++) {
      send(frame(seq, seq < 4 || seq > 6 ? {} : { boxAt: seq * 6 }));
      tell();
    }
    const looked = story()
      .split(' ')
      .filter((word) => !word.startsWith('('));
    expect(looked.map(Number)).toEqual([0, 4, 5, 6, 7, 8, 18, 28]);
  });

  it.each(['live', 'recorded'] as const)('looks at every frame while something is tracked: %s', (mode) => {
    const { send, tell, story } = setUp({ mode });
    for (let seq = 0; seq < 6; seq++) {
      send(frame(seq));
      tell({ isTracking: seq < 3 });
    }
    expect(story()).toBe('0 1 2 3 (4) (5)');
  });

  it('of a recording, decides about a frame when all before it were tracked, the same however late that is', () => {
    const early = setUp();
    const late = setUp();
    const isTracking = (seq: number) => seq === 2 || seq === 3;
    for (let seq = 0; seq < 8; seq++) {
      const options = seq === 2 ? { boxAt: 8 } : {};
      early.send(frame(seq, options));
      early.tell({ isTracking: isTracking(seq) });
      late.send(frame(seq, options));
    }
    expect(late.story()).toBe('0');
    for (let seq = 0; seq < 8; seq++) late.tell({ isTracking: isTracking(seq) });
    expect(early.story()).toBe('0 (1) 2 3 4 (5) (6) (7)');
    expect(late.story()).toBe(early.story());
  });

  it('of a recording, does not wait where a track must live until then, nor where something moves', () => {
    const { send, tell, story } = setUp();
    send(frame(0));
    tell({ isTracking: true, tracksUntilPtsMs: 250 });
    send(frame(1), frame(2), frame(3), frame(4, { boxAt: 8 }));
    expect(story()).toBe('0 1 2');
    tell();
    tell();
    expect(story()).toBe('0 1 2 (3) 4');
  });

  it('of a camera, decides by what the tracker said so far', () => {
    const { send, tell, story } = setUp({ mode: 'live' });
    send(frame(0), frame(1));
    tell({ isTracking: true });
    send(frame(2));
    expect(story()).toBe('0 (1) 2');
  });

  it('passes frames on, to run out of buffers, where hundreds wait to be told', () => {
    const { send, story } = setUp({ mode: 'live', everyMs: 1e9 });
    for (let seq = 0; seq < 300; seq++) send(frame(seq));
    const words = story().split(' ');
    expect(words.slice(1, 256).every((word) => word.startsWith('('))).toBe(true);
    expect(words.slice(256).some((word) => word.startsWith('('))).toBe(false);
  });

  it('looks again when nobody could look, unless a later frame was looked at', () => {
    const { send, tell, story } = setUp({ mode: 'live' });
    send(frame(0));
    tell({ unobserved: 'expired' });
    send(frame(1));
    tell();
    send(frame(2), frame(3, { boxAt: 8 }), frame(4, { boxAt: 16 }));
    tell({ unobserved: 'gated' });
    tell({ unobserved: 'superseded' });
    send(frame(5, { boxAt: 16 }), frame(6, { boxAt: 16 }));
    expect(story()).toBe('0 1 (2) 3 4 5 6');
  });

  it('begins a new segment, and pictures of another size, with a look', () => {
    const { send, tell, story } = setUp();
    const wide = { source: { width: 64, height: 32 } };
    for (const each of [frame(0), frame(1), frame(2, { epoch: 1 }), frame(3, { epoch: 1 })]) {
      send(each);
      tell();
    }
    for (const each of [frame(4, { epoch: 1, ...wide }), frame(5, { epoch: 1, ...wide })]) {
      send(each);
      tell();
    }
    expect(story()).toBe('0 (1) 2 (3) 4 (5)');
  });

  it('keeps views and statuses in their places, behind a frame that waits', () => {
    const { source, send, tell, story } = setUp();
    const lapsed: CameraStatus = { kind: 'status', status: 'lapsed', ...frameInfo(), epoch: 0 };
    send(frame(0));
    source.next(viewFrame());
    send(frame(1));
    source.next(viewFrame());
    source.next(lapsed);
    expect(story()).toBe('0 view');
    tell();
    expect(story()).toBe('0 view (1) view status');
  });

  it('ends with its source, when what waits is told', () => {
    const { source, send, tell, story, subscription } = setUp();
    send(frame(0), frame(1));
    source.complete();
    expect(subscription.closed).toBe(false);
    tell();
    expect(story()).toBe('0 (1)');
    expect(subscription.closed).toBe(true);
  });

  it('settles and gives back what waits when the consumer leaves, and listens no more', () => {
    const { source, send, subscription, ledger, tracked } = setUp();
    const frames = [frame(0), frame(1), frame(2)];
    const view = viewFrame();
    send(...frames);
    source.next(view);
    subscription.unsubscribe();
    expect(frames.map(({ lease }) => lease.holds)).toEqual([1, 0, 0]);
    expect(view.isReleased()).toBe(true);
    expect(ledger.total()).toMatchObject({ dropped: { stopped: 2 }, inFlight: 1 });
    expect([source.observed, tracked.observed]).toEqual([false, false]);
  });

  it('keeps its order when the tracker answers at once', () => {
    const tracked = new Subject<TrackedFrame>();
    const source = new Subject<DetectFrame>();
    const seqs: number[] = [];
    const told = { kind: 'tracked', tracks: [], started: [], ended: [] } as const;
    const gate = motionGate<never>({
      ...SETTINGS,
      mode: 'recorded',
      ledger: createLedger(),
      input: INPUT,
      tracked,
    });
    source
      .pipe(
        gate,
        map((item) => (item.kind === 'frame' ? item.info : item.frame)),
        tap(({ seq }) => seqs.push(seq)),
      )
      .subscribe((info) =>
        tracked.next({ ...told, frame: info, isTracking: info.seq % 3 === 0, tracksUntilPtsMs: -Infinity }),
      );
    for (let seq = 0; seq < 20; seq++) source.next(frame(seq));
    expect(seqs).toEqual(Array.from({ length: 20 }, (_, seq) => seq));
  });

  it.each([
    [{ minContrast: 0 }, 'minContrast: expected more than 0, got 0'],
    [{ minAreaFraction: 1.5 }, 'minAreaFraction: expected a number from 0 to 1, got 1.5'],
    [{ holdMs: -1 }, 'holdMs: expected 0 or more, got -1'],
    [{ everyMs: 0 }, 'everyMs: expected more than 0, got 0'],
    [{ everyMs: NaN }, 'everyMs: expected more than 0, got NaN'],
  ])('refuses %j when it is made', (options, message) => {
    expect(() => setUp(options)).toThrow(new RangeError(`motionGate: ${message}`));
  });
});
