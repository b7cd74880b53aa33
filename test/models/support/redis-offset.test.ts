import { createOffsetFilter } from '../../../models/support/redis-offset';

describe('createOffsetFilter', () => {
  it('knows nothing before the first sample', () => {
    expect(createOffsetFilter().offsetMs()).toBeUndefined();
  });

  it('believes the sample with the shortest round trip', () => {
    const filter = createOffsetFilter();
    filter.add({ offsetMs: 104, roundTripMs: 20, atMs: 0 });
    filter.add({ offsetMs: 100, roundTripMs: 2, atMs: 200 });
    filter.add({ offsetMs: 95, roundTripMs: 30, atMs: 400 });
    expect(filter.offsetMs()).toBe(100);
  });

  it('follows clocks that drift apart', () => {
    const filter = createOffsetFilter();
    let offsetMs = 0;
    for (let atMs = 0; atMs < 600_000; atMs += 5000) {
      offsetMs = 100 + atMs * 0.0001;
      filter.add({ offsetMs, roundTripMs: atMs === 0 ? 0.1 : 4, atMs });
    }
    expect(Math.abs(filter.offsetMs()! - offsetMs)).toBeLessThan(4);
  });

  it.each([60, -60, 3_600_000])('follows a clock that was set by %d ms with the next sample', (stepMs) => {
    const filter = createOffsetFilter();
    for (let atMs = 0; atMs < 40_000; atMs += 5000) {
      filter.add({ offsetMs: 100, roundTripMs: 1, atMs });
    }
    filter.add({ offsetMs: 100 + stepMs, roundTripMs: 5, atMs: 40_000 });
    expect(filter.offsetMs()).toBe(100 + stepMs);
  });

  it('does not take a slow answer for a clock that was set', () => {
    const filter = createOffsetFilter();
    filter.add({ offsetMs: 100, roundTripMs: 1, atMs: 0 });
    filter.add({ offsetMs: 400, roundTripMs: 620, atMs: 1000 });
    expect(filter.offsetMs()).toBe(100);
  });

  it('keeps its offset when it forgets, and takes the next as it comes', () => {
    const filter = createOffsetFilter();
    filter.add({ offsetMs: 100, roundTripMs: 1, atMs: 0 });
    filter.forget();
    expect(filter.offsetMs()).toBe(100);
    filter.add({ offsetMs: 103, roundTripMs: 50, atMs: 1000 });
    expect(filter.offsetMs()).toBe(103);
  });
});
