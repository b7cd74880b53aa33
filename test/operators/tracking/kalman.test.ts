import fc from 'fast-check';
import {
  CENTRE_X,
  CENTRE_Y,
  HEIGHT,
  WIDTH,
  correctBoxFilter,
  createBoxFilter,
  measuredVariance,
  predictBoxFilter,
  velocityOf,
} from '../../../operators/tracking/kalman';

const SIZE_PX = Math.sqrt(40 * 100);

/** Follows a box that moves by (30, -20) pixels a second, measured every `stepS`. */
function follow(stepS: number, untilS: number) {
  const filter = createBoxFilter(100, 200, 40, 100);
  for (let t = stepS; t <= untilS + 1e-9; t += stepS) {
    predictBoxFilter(filter, stepS, SIZE_PX);
    correctBoxFilter(filter, 100 + 30 * t, 200 - 20 * t, 40, 100);
  }
  return filter;
}

describe('the box filter', () => {
  it('starts at the measured box, at rest', () => {
    const filter = createBoxFilter(100, 200, 40, 90);
    expect([filter[CENTRE_X], filter[CENTRE_Y], filter[WIDTH], filter[HEIGHT]]).toEqual([100, 200, 40, 90]);
    expect([velocityOf(filter, CENTRE_X), velocityOf(filter, WIDTH)]).toEqual([0, 0]);
  });

  it.each([0.02, 0.1, 0.25, 1])(
    'learns a velocity in pixels a second from a measurement every %d s',
    (stepS) => {
      const filter = follow(stepS, 6);
      expect(velocityOf(filter, CENTRE_X)).toBeCloseTo(30, 0);
      expect(velocityOf(filter, CENTRE_Y)).toBeCloseTo(-20, 0);
      expect(velocityOf(filter, HEIGHT)).toBeCloseTo(0, 5);
    },
  );

  it('predicts the same in one long step as in many short ones', () => {
    const [once, often] = [follow(0.1, 2), follow(0.1, 2)];
    predictBoxFilter(once, 0.8, SIZE_PX);
    for (let i = 0; i < 8; i++) predictBoxFilter(often, 0.1, SIZE_PX);
    for (const [i, value] of once.entries()) expect(often[i]).toBeCloseTo(value, 6);
  });

  it('grows less sure with time and surer with each measurement', () => {
    const filter = follow(0.1, 1);
    const before = measuredVariance(filter, CENTRE_X, SIZE_PX);
    predictBoxFilter(filter, 0.5, SIZE_PX);
    const later = measuredVariance(filter, CENTRE_X, SIZE_PX);
    correctBoxFilter(filter, 145, 170, 40, 100);
    expect(later).toBeGreaterThan(before);
    expect(measuredVariance(filter, CENTRE_X, SIZE_PX)).toBeLessThan(later);
  });

  it('keeps a valid covariance and finite values whatever is measured', () => {
    const step = fc.record({
      seconds: fc.double({ min: 0, max: 10, noNaN: true }),
      x: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      side: fc.double({ min: 0.1, max: 1e5, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const filter = createBoxFilter(0, 0, 10, 10);
        let lastSide = 10;
        for (const { seconds, x, side } of steps) {
          predictBoxFilter(filter, seconds, lastSide);
          correctBoxFilter(filter, x, -x, side, side);
          lastSide = side;
          expect(filter.every((value) => Number.isFinite(value))).toBe(true);
          for (const at of [CENTRE_X, CENTRE_Y, WIDTH, HEIGHT]) {
            expect(filter[at + 2]).toBeGreaterThanOrEqual(0);
            expect(filter[at + 4]).toBeGreaterThanOrEqual(0);
          }
        }
      }),
    );
  });
});
