import { createCaptureClock } from '../../../operators/sources/capture-clock';

describe('createCaptureClock', () => {
  it('takes the frame that waited least as the one that came without delay', () => {
    const clock = createCaptureClock();
    expect(clock.capturedAtMs(0, 1080)).toBe(1080);
    expect(clock.capturedAtMs(100, 1130)).toBe(1130);
    expect(clock.capturedAtMs(200, 1300)).toBe(1230);
  });

  it('forgets minima older than its window, so that it follows a drifting clock', () => {
    const clock = createCaptureClock({ windowMs: 1000 });
    clock.capturedAtMs(0, 1000);
    expect(clock.capturedAtMs(1000, 2050)).toBe(2000);
    expect(clock.capturedAtMs(1001, 2051)).toBe(2051);
  });

  /** How late pictures (10 a second, some of which wait 40 ms) seem, at each second of a camera's clock that loses this part. */
  function latenessMs(loss: number, waitMs: (ptsMs: number) => number = () => 0): readonly number[] {
    const clock = createCaptureClock();
    const late: number[] = [];
    for (let ptsMs = 0; ptsMs <= 600_000; ptsMs += 100) {
      const arrivedMs = 1e6 + ptsMs / (1 - loss) + ((ptsMs / 100) % 3) * 20 + waitMs(ptsMs);
      const lateMs = arrivedMs - clock.capturedAtMs(ptsMs, arrivedMs);
      if (ptsMs % 1000 === 0) late.push(lateMs);
    }
    return late;
  }

  it.each([0.001, 0.02, 0.04, -0.02])(
    'takes no picture for late since a clock loses %d of its time',
    (loss) => {
      const late = latenessMs(loss);
      expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...late)).toBeLessThan(500);
      expect(Math.max(...late.slice(60))).toBeLessThan(100);
    },
  );

  it('knows what has waited, for half a window at least', () => {
    const late = latenessMs(0, (ptsMs) => (ptsMs >= 300_000 ? 2000 : 0));
    expect(Math.max(...late.slice(0, 300))).toBeLessThan(100);
    expect(Math.min(...late.slice(300, 328))).toBeGreaterThan(1900);
    expect(Math.max(...late.slice(362))).toBeLessThan(100);
  });

  it('does not take a jam for a slow clock', () => {
    const late = latenessMs(0.02, (ptsMs) => Math.max(0, 4000 - (ptsMs % 60_000)));
    expect(late[120]).toBeGreaterThan(3500);
    expect(Math.max(...late.filter((_, second) => second % 60 > 5 && second > 60))).toBeLessThan(100);
  });

  it('starts anew when pts do', () => {
    const clock = createCaptureClock();
    clock.capturedAtMs(50_000, 51_000);
    clock.reset();
    expect(clock.capturedAtMs(0, 52_000)).toBe(52_000);
  });
});

describe('the drift of a camera clock', () => {
  /** Pictures a second apart by the camera's clock, which runs at `rate`; what was told, with the minute. */
  function drifts(rate: number, minutes: number): readonly string[] {
    const clock = createCaptureClock();
    const told: string[] = [];
    for (let ptsMs = 0; ptsMs <= minutes * 60_000; ptsMs += 1000) {
      const jitterMs = (ptsMs / 1000) % 7 === 0 ? 0 : 30;
      clock.capturedAtMs(ptsMs, 1e12 + ptsMs / rate + jitterMs);
      const driftMs = clock.takeDriftMs();
      if (driftMs !== undefined) told.push(`${Math.floor(ptsMs / 60_000)}: ${Math.sign(driftMs)}`);
    }
    return told;
  }

  it('is told each time it has become another second', () => {
    expect(drifts(1.001, 40)).toEqual(['16: -1', '33: -1']);
    expect(drifts(0.999, 40)).toEqual(['17: 1', '34: 1']);
  });

  it('is not told of a clock that is right, nor of what a server sends late at the start', () => {
    expect(drifts(1, 60)).toEqual([]);
    const clock = createCaptureClock();
    for (let ptsMs = 0; ptsMs < 60_000; ptsMs += 100) {
      clock.capturedAtMs(ptsMs, 1e12 + ptsMs + Math.max(0, 3000 - ptsMs));
      expect(clock.takeDriftMs()).toBeUndefined();
    }
  });

  it('begins anew with other pts', () => {
    const clock = createCaptureClock();
    for (let ptsMs = 0; ptsMs < 20_000; ptsMs += 100) clock.capturedAtMs(ptsMs, 1e12 + ptsMs);
    clock.takeDriftMs();
    clock.reset();
    for (let ptsMs = 0; ptsMs < 20_000; ptsMs += 100) {
      clock.capturedAtMs(ptsMs, 2e12 + ptsMs);
      expect(clock.takeDriftMs()).toBeUndefined();
    }
  });
});
