import { adviceFor } from '../../../pipeline/probe/advice';
import type { AdviceContext } from '../../../pipeline/probe/advice';
import type { ProbeOk } from '../../../pipeline/probe/result';

type Measured = Omit<ProbeOk, 'advice'>;
type Change = { [K in 'video' | 'times' | 'damage']?: Partial<Measured[K]> };

const GOOD: Measured = {
  v: 1,
  input: 'rtsp://h/s',
  state: 'ok',
  transport: 'rtsp-tcp',
  connectMs: 100,
  firstFrameMs: 300,
  measuredMs: 5000,
  video: {
    codec: 'h264',
    pixelFormat: 'yuv420p',
    width: 1920,
    height: 1080,
    sizeCount: 1,
    frameCount: 50,
    declaredFps: 10,
    measuredFps: 10,
    gop: { isMeasured: true, frameCount: 20, ms: 2000, gopCount: 2 },
    hasBFrames: false,
  },
  audio: [],
  times: {
    isMonotonic: true,
    withoutPtsCount: 0,
    backwardCount: 0,
    standingCount: 0,
    gapCount: 0,
    epochCount: 1,
    intervalMs: { p5: 100, p50: 100, p95: 100, max: 110 },
  },
  damage: { count: 0 },
};
const LIVE: AdviceContext = { mode: 'live', isPicture: false, maxFps: 10 };

const adviceOf = ({ video, times, damage }: Change, context: Partial<AdviceContext> = {}) =>
  adviceFor(
    {
      ...GOOD,
      video: { ...GOOD.video, ...video },
      times: { ...GOOD.times, ...times },
      damage: { ...GOOD.damage, ...damage },
    },
    { ...LIVE, ...context },
  );
const codesOf = (change: Change, context?: Partial<AdviceContext>) =>
  adviceOf(change, context).map(({ code }) => code);

const gopOf = (ms: number) => ({ isMeasured: true, frameCount: ms / 100, ms, gopCount: 1 }) as const;

describe('adviceFor', () => {
  it('has nothing to say of a sound camera', () => {
    expect(adviceOf({})).toEqual([]);
  });

  it.each<[string, Change, string[]]>([
    ['a GOP of five seconds', { video: { gop: gopOf(5000) } }, []],
    ['a longer one', { video: { gop: gopOf(5100) } }, ['long_gop']],
    [
      'no key frame in nearly five seconds',
      { video: { gop: { isMeasured: false, longerThanMs: 4900 } } },
      ['long_gop'],
    ],
    ['no key frame in a short probe', { video: { gop: { isMeasured: false, longerThanMs: 1900 } } }, []],
    ['B-frames', { video: { hasBFrames: true } }, ['b_frames']],
    ['2560x1440', { video: { width: 2560, height: 1440 } }, []],
    ['4K', { video: { width: 3840, height: 2160 } }, ['large_picture']],
    ['HEVC', { video: { codec: 'hevc' } }, ['hevc']],
    [
      'an interval that varies',
      { times: { intervalMs: { p5: 100, p50: 100, p95: 160, max: 160 } } },
      ['variable_fps'],
    ],
    [
      'one that became shorter',
      { times: { intervalMs: { p5: 40, p50: 100, p95: 100, max: 100 } } },
      ['variable_fps'],
    ],
    ['a single late picture', { times: { intervalMs: { p5: 70, p50: 100, p95: 110, max: 190 } } }, []],
    ['a rate that was not declared', { video: { declaredFps: 25, measuredFps: 10 } }, ['fps_differs']],
    [
      'more frames than are looked at',
      { video: { declaredFps: 25, measuredFps: 25 } },
      ['fps_above_analysed'],
    ],
    ['a few more', { video: { declaredFps: 12, measuredFps: 12 } }, []],
    ['two sizes', { video: { sizeCount: 2 } }, ['size_changes']],
    ['no pts', { times: { withoutPtsCount: 3 } }, ['pts_missing']],
    ['a backward step', { times: { backwardCount: 1 } }, ['pts_backward']],
    ['pts that stand still', { times: { standingCount: 2 } }, ['pts_standing']],
    ['missing pictures', { times: { gapCount: 1 } }, ['pts_gaps']],
    ['a second of drift', { times: { driftMs: 1000 } }, []],
    ['more drift, either way', { times: { driftMs: -1001 } }, ['drift']],
    ['damage', { damage: { count: 1, first: 'Invalid NAL' } }, ['damaged']],
    [
      'all at once: the worst first',
      {
        damage: { count: 2 },
        times: { backwardCount: 1 },
        video: { hasBFrames: true, codec: 'hevc', measuredFps: 30 },
      },
      ['damaged', 'pts_backward', 'b_frames', 'hevc', 'fps_differs', 'fps_above_analysed'],
    ],
  ])('%s', (_what, change, codes) => {
    expect(codesOf(change)).toEqual(codes);
  });

  it('does not hold against a recording what costs a camera alone', () => {
    const change: Change = {
      video: { gop: gopOf(9000), hasBFrames: true, declaredFps: 25, measuredFps: 25 },
    };
    expect(codesOf(change, { mode: 'recorded' })).toEqual([]);
    const [large] = adviceOf({ video: { width: 3840, height: 2160 } }, { mode: 'recorded' });
    expect(large!.text).not.toContain('substream');
  });

  it('takes what is looked at from the camera', () => {
    expect(codesOf({ video: { declaredFps: 25, measuredFps: 25 } }, { maxFps: 25 })).toEqual([]);
    expect(codesOf({}, { maxFps: 2 })).toEqual(['fps_above_analysed']);
  });

  it('does not advise to make a stream for people as small as one that is looked at', () => {
    const change = {
      video: { width: 3840, height: 2160, declaredFps: 25, measuredFps: 25, hasBFrames: true },
    };
    expect(codesOf(change)).toEqual(['b_frames', 'large_picture', 'fps_above_analysed']);
    expect(codesOf(change, { isForPeople: true })).toEqual(['b_frames']);
  });

  it('asks of a picture only that it be whole', () => {
    const change: Change = {
      video: { width: 8000, height: 6000, codec: 'hevc' },
      times: { withoutPtsCount: 1 },
    };
    expect(codesOf(change, { mode: 'recorded', isPicture: true })).toEqual([]);
    expect(codesOf({ damage: { count: 1 } }, { mode: 'recorded', isPicture: true })).toEqual(['damaged']);
  });

  it('tells numbers and what to do', () => {
    expect(adviceOf({ video: { gop: gopOf(10_000) } })[0]!.text).toBe(
      '10.0 s between key frames: each start waits that long for a picture; set 1 to 2 s',
    );
    expect(adviceOf({ damage: { count: 1 } })[0]!.text).toMatch(
      /^data could not be read or decoded once: check/,
    );
  });
});
