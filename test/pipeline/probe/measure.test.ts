import fc from 'fast-check';
import { measureFps, measureGop, measureTimes, spanMs } from '../../../pipeline/probe/measure';
import { frameFact, framesAt, steady } from './frames';

describe('measureTimes', () => {
  const sound = {
    isMonotonic: true,
    withoutPtsCount: 0,
    backwardCount: 0,
    standingCount: 0,
    gapCount: 0,
    epochCount: 1,
  };

  it.each<[string, (number | undefined)[], object]>([
    ['one picture', [0], sound],
    ['steady pts', steady(50, 40), { ...sound, intervalMs: { p5: 40, p50: 40, p95: 40, max: 40 } }],
    ['negative pts', steady(50, 40, -1000), sound],
    [
      'a jump back',
      [0, 100, 200, 50, 150],
      { ...sound, isMonotonic: false, backwardCount: 1, epochCount: 2 },
    ],
    [
      'pts that stand still',
      [0, 100, 100.02, 100.04, 200],
      { ...sound, isMonotonic: false, standingCount: 2 },
    ],
    ['a picture without pts', [0, undefined, 200], { ...sound, isMonotonic: false, withoutPtsCount: 1 }],
    [
      'missing pictures',
      [0, 100, 200, 600, 700],
      { ...sound, gapCount: 1, intervalMs: { p5: 100, p50: 100, p95: 400, max: 400 } },
    ],
    ['an outage', [0, 100, 200, 5000, 5100], { ...sound, gapCount: 1, epochCount: 2 }],
    ['a slow camera', steady(5, 1500), sound],
    ['a fast camera that lost three pictures', [0, 20, 40, 120, 140], sound],
  ])('%s', (_what, times, expected) => {
    expect(measureTimes(framesAt(times), 'recorded')).toMatchObject(expected);
  });

  it('counts no interval where there is one picture, and no epoch where there is no pts', () => {
    expect(measureTimes(framesAt([5]), 'live')).not.toHaveProperty('intervalMs');
    expect(measureTimes(framesAt([undefined]), 'live').epochCount).toBe(0);
  });

  it('takes a new size for a new epoch', () => {
    const frames = framesAt([0, 100]).map((frame, index) => ({
      ...frame,
      size: { width: 640 + index, height: 480 },
    }));
    expect(measureTimes(frames, 'live').epochCount).toBe(2);
  });

  it('puts each step into one kind, wherever pts begin', () => {
    const step = fc.oneof(fc.constant(0), fc.integer({ min: -5000, max: 5000 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: -1e6, max: 1e9 }), (steps, fromMs) => {
        const times = steps.reduce((all, ms) => [...all, all.at(-1)! + ms], [0]);
        const moved = measureTimes(framesAt(times.map((ms) => ms + fromMs)), 'recorded');
        expect(moved).toEqual(measureTimes(framesAt(times), 'recorded'));
        expect(moved.backwardCount).toBe(steps.filter((ms) => ms < 0).length);
        expect(moved.standingCount).toBe(steps.filter((ms) => ms === 0).length);
        expect(moved.isMonotonic).toBe(steps.every((ms) => ms > 0));
        expect(moved.epochCount).toBeGreaterThan(moved.backwardCount + moved.standingCount);
      }),
    );
  });

  it('finds the drift of a clock, however late single pictures are', () => {
    const lateness = fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 90, maxLength: 90 });
    fc.assert(
      fc.property(lateness, fc.constantFrom(0.8, 0.99, 1, 1.5), (late, speed) => {
        const frames = steady(90, 40).map((ptsMs, index) =>
          frameFact({ ptsMs, arrivedMs: 77 + ptsMs * speed + (index % 30 === 0 ? 0 : late[index]!) }),
        );
        // Exact where in each third the first comes, or, of a fast camera, the last could come, without delay.
        const driftMs = measureTimes(frames, 'live').driftMs!;
        expect(Math.abs(driftMs - 60 * 40 * (speed - 1))).toBeLessThanOrEqual(
          30 * 40 * Math.abs(speed - 1) + 1e-6,
        );
      }),
    );
  });

  it.each<[string, number[], 'live' | 'recorded']>([
    ['a recording', steady(100, 40), 'recorded'],
    ['less than two seconds', steady(20, 40), 'live'],
    ['pts that jump', [...steady(60, 40), ...steady(60, 40)], 'live'],
  ])('tells no drift of %s', (_what, times, mode) => {
    expect(measureTimes(framesAt(times), mode)).not.toHaveProperty('driftMs');
  });
});

describe('measureFps', () => {
  it.each<[string, number[], number | undefined]>([
    ['one picture', [0], undefined],
    ['pictures at one time', [5, 5, 5], undefined],
    ['a steady camera', steady(50, 40), 25],
    ['a camera with an outage', [...steady(26, 40), ...steady(26, 40, 9000)], 25],
    ['a camera whose clock was set back', [...steady(26, 40, 9000), ...steady(26, 40)], 25],
    ['a slow one', steady(3, 5000), 0.2],
  ])('%s', (_what, times, fps) => {
    const measured = measureFps(framesAt(times));
    if (fps === undefined) expect(measured).toBeUndefined();
    else expect(measured).toBeCloseTo(fps, 6);
  });

  it('is the number of pictures a second for any jitter below a picture', () => {
    const jitter = fc.array(fc.double({ min: -0.4, max: 0.4, noNaN: true }), {
      minLength: 20,
      maxLength: 100,
    });
    fc.assert(
      fc.property(jitter, fc.integer({ min: 1, max: 60 }), (parts, fps) => {
        const times = parts.map((part, index) => ((index + part) * 1000) / fps);
        const seconds = (times.at(-1)! - times[0]!) / 1000;
        expect(measureFps(framesAt(times))!).toBeCloseTo((times.length - 1) / seconds, 6);
      }),
    );
  });
});

describe('measureGop', () => {
  it('is the distance of key frames', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 2, max: 200 }), (gop, count) => {
        const measured = measureGop(framesAt(steady(count, 40), { gop }));
        const gopCount = Math.floor((count - 1) / gop);
        expect(measured).toEqual(
          gopCount === 0
            ? { isMeasured: false, longerThanMs: (count - 1) * 40 }
            : { isMeasured: true, frameCount: gop, ms: gop * 40, gopCount },
        );
      }),
    );
  });

  it('is the longest of several', () => {
    const frames = framesAt(steady(10, 100)).map((frame, index) => ({
      ...frame,
      isKey: [0, 3, 9].includes(index),
    }));
    expect(measureGop(frames)).toEqual({ isMeasured: true, frameCount: 6, ms: 600, gopCount: 2 });
  });

  it('waits for the second key frame from the first on, not from where the stream was joined', () => {
    const frames = framesAt(steady(10, 100)).map((frame, index) => ({ ...frame, isKey: index === 6 }));
    expect(measureGop(frames)).toEqual({ isMeasured: false, longerThanMs: 300 });
    expect(measureGop(framesAt([0, 100]).map((frame) => ({ ...frame, isKey: false })))).toEqual({
      isMeasured: false,
      longerThanMs: 100,
    });
  });
});

describe('spanMs', () => {
  it('leaves out backward steps and pictures without pts', () => {
    expect(spanMs(framesAt([0, 100, undefined, 200, 50, 150]))).toBe(300);
    expect(spanMs([])).toBe(0);
  });
});
