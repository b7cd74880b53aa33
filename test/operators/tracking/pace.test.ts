import { createPace } from '../../../operators/tracking/pace';

describe('the pace', () => {
  it('vouches for all the time of a steady stream', () => {
    const pace = createPace();
    const looks = [0, 1000, 2000, 3000].map((ptsMs) => pace.look(ptsMs));
    expect(looks.map(({ lookedMs }) => lookedMs)).toEqual([0, 1000, 1000, 1000]);
    expect(pace.intervalMs()).toBe(1000);
  });

  it('vouches for three intervals of a longer step', () => {
    const pace = createPace();
    pace.look(0);
    pace.look(40);
    expect(pace.look(2040)).toEqual({ elapsedMs: 2000, lookedMs: 120 });
  });

  it('follows a lasting change of rate', () => {
    const pace = createPace();
    for (let i = 0; i < 10; i++) pace.look(i * 40);
    for (let i = 1; i <= 20; i++) pace.look(360 + i * 1000);
    expect(pace.intervalMs()).toBeGreaterThan(900);
  });

  it('gives frames that break the order of time no duration', () => {
    const pace = createPace();
    pace.look(1000);
    for (const ptsMs of [1000, 500, NaN, Infinity]) {
      const { elapsedMs, lookedMs } = pace.look(ptsMs);
      expect([elapsedMs, lookedMs]).toEqual([0, 0]);
    }
  });

  it('does not take frames that were not worth a look for a slower stream', () => {
    const pace = createPace();
    pace.look(0);
    pace.look(100);
    for (let ptsMs = 200; ptsMs < 5000; ptsMs += 100) pace.pass(ptsMs);
    expect(pace.look(5000)).toEqual({ elapsedMs: 4900, lookedMs: 100 });
    expect(pace.intervalMs()).toBe(100);
    expect(pace.look(5100)).toEqual({ elapsedMs: 100, lookedMs: 100 });
  });

  it('forgets what was passed with a reset, and begins with a look', () => {
    const pace = createPace();
    pace.look(0);
    pace.pass(100);
    pace.reset();
    pace.pass(9000);
    expect(pace.look(9100)).toEqual({ elapsedMs: 0, lookedMs: 0 });
    expect(pace.look(9200)).toEqual({ elapsedMs: 100, lookedMs: 100 });
  });

  it('moves its clock with a shift and forgets it with a reset', () => {
    const pace = createPace();
    pace.look(0);
    pace.look(100);
    pace.shift(-100);
    expect(pace.look(50).elapsedMs).toBe(50);
    pace.reset();
    expect(pace.look(9000).elapsedMs).toBe(0);
  });
});
