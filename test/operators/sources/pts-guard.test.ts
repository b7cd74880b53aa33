import fc from 'fast-check';
import { createPtsGuard } from '../../../operators/sources/pts-guard';

/** What becomes of pictures with these pts that arrive every 40 ms. */
function guard(ptsMs: readonly number[]) {
  const made = createPtsGuard();
  return ptsMs.map((pts, index) => ({ ...made.next(pts, index * 40), isStanding: made.isStanding }));
}

const times = (count: number, at: (index: number) => number) =>
  Array.from({ length: count }, (_, index) => at(index));

describe('createPtsGuard', () => {
  it('leaves times alone that grow, whatever they begin with and however they jump', () => {
    const pts = [-500, -400, 1e9, 1e9 + 40, 0, 40];
    expect(guard(pts).map(({ ptsMs }) => ptsMs)).toEqual(pts);
    expect(guard(pts).some(({ isOtherClock, isStanding }) => isOtherClock || isStanding)).toBe(false);
  });

  it('lets the first picture be ahead of the next ones, but not by much, and none later', () => {
    const given = guard([80, 0, 40, 80, 120, 160]).map(({ ptsMs }) => Math.round(ptsMs * 1000) / 1000);
    expect(given).toEqual([80, 80.001, 80.002, 80.003, 120, 160]);
    expect(guard([2000, 0, 40]).map(({ ptsMs }) => ptsMs)).toEqual([2000, 0, 40]);
    expect(guard([0, 40, 80, 120, 160, 120]).at(-1)!.ptsMs).toBe(120);
  });

  it('nudges a time on that comes twice', () => {
    expect(guard([0, 0, 40]).map(({ ptsMs }) => ptsMs)).toEqual([0, 0.001, 40]);
  });

  it.each([0, 0.02])(
    'goes by arrival once times step by %d ms for half a second, and back when they grow',
    (stepMs) => {
      const standing = times(40, (index) => 1000 + index * stepMs);
      const results = guard([...standing, 1100, 1140]);
      const switches = results.flatMap(({ isOtherClock }, index) => (isOtherClock ? [index] : []));
      expect(switches).toEqual([13, 40]);
      for (const [index, { ptsMs }] of results.slice(14, 40).entries()) {
        expect(ptsMs - results[13 + index]!.ptsMs).toBeCloseTo(40, 6);
      }
      expect(results.at(-1)).toMatchObject({ ptsMs: 1140, isStanding: false });
    },
  );

  it('gives times that grow wherever the stream claims that they do not fall', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { maxLength: 200 }), (steps) => {
        let ptsMs = 0;
        const results = guard(steps.map((step) => (ptsMs += step)));
        const grown = results.slice(1).every((result, index) => {
          return (
            result.ptsMs > results[index]!.ptsMs ||
            result.isOtherClock ||
            result.ptsMs === steps.slice(0, index + 2).reduce((a, b) => a + b)
          );
        });
        expect(grown).toBe(true);
      }),
    );
  });

  it('forgets with a new decoder', () => {
    const made = createPtsGuard();
    for (let index = 0; index < 40; index++) made.next(0, index * 40);
    expect(made.isStanding).toBe(true);
    made.reset();
    expect(made.next(0, 2000)).toEqual({ ptsMs: 0, isOtherClock: false });
  });
});
