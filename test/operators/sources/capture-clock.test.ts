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
