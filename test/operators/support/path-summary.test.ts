import fc from 'fast-check';
import { createPathSummary } from '../../../operators/support/path-summary';

describe('createPathSummary', () => {
  it('keeps short paths whole', () => {
    const path = createPathSummary(8);
    for (let at = 0; at < 5; at++) path.add([at, 0]);
    expect(path.points().map(([x]) => x)).toEqual([0, 1, 2, 3, 4]);
  });

  it('keeps a path of any length within its bound, from its first point to its last, in order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), (length) => {
        const path = createPathSummary(16);
        for (let at = 0; at < length; at++) path.add([at, 0]);
        const xs = path.points().map(([x]) => x);
        expect(xs.length).toBeLessThanOrEqual(16);
        expect(xs.length).toBeGreaterThanOrEqual(Math.min(length, 8));
        expect(xs[0]).toBe(0);
        expect(xs.at(-1)).toBe(length - 1);
        expect([...xs].sort((a, b) => a - b)).toEqual(xs);
      }),
      { numRuns: 60 },
    );
  });
});
