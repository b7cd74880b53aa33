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
