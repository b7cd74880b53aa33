import { createBoxFilter, predictBoxFilter } from '../../../operators/tracking/kalman';
import {
  createExpectation,
  setExpectation,
  lastSeenCost,
  motionCost,
  onGrid,
} from '../../../operators/tracking/cost';
import type { Box } from '../../../models/domain/geometry';

const SEEN: Box = [80, 150, 120, 250];

function expectationAfter(seconds: number) {
  const filter = createBoxFilter(100, 200, 40, 100);
  predictBoxFilter(filter, seconds, Math.sqrt(40 * 100));
  const expected = createExpectation();
  setExpectation(expected, filter, SEEN);
  return expected;
}

const costOf = (box: Box, seconds = 0.1) => motionCost(expectationAfter(seconds), Float64Array.from(box), 0);

describe('motionCost', () => {
  it('is 0 for the expected box', () => {
    expect(costOf(SEEN)).toBe(0);
  });

  it('grows with the distance until the pair is impossible', () => {
    const costs = [0, 5, 10, 20, 200].map((x) => costOf([80 + x, 150, 120 + x, 250]));
    expect(costs).toEqual([...costs].sort((a, b) => a - b));
    expect(costs.at(-1)).toBe(Infinity);
  });

  it('reaches further the more time has passed', () => {
    const beside: Box = [165, 150, 205, 250];
    expect(costOf(beside, 0.04)).toBe(Infinity);
    expect(costOf(beside, 0.5)).toBeLessThan(1);
  });

  it('prefers the likelier size and refuses one far off', () => {
    expect(costOf([82, 155, 118, 245])).toBeLessThan(costOf([85, 165, 115, 235]));
    expect(costOf([93, 150, 107, 250])).toBe(Infinity);
  });

  it('keeps the expected size within a factor of two of the last', () => {
    const filter = createBoxFilter(100, 200, 4, 1000);
    const expected = createExpectation();
    setExpectation(expected, filter, SEEN);
    const { x1, y1, x2, y2 } = expected;
    expect([x2 - x1, y2 - y1]).toEqual([20, 200]);
  });
});

describe('lastSeenCost', () => {
  it.each<[Box, number]>([
    [SEEN, 0],
    [[80, 150, 120, 200], 0.5],
    [[120, 150, 160, 250], Infinity],
  ])('of %j is %d', (box, cost) => {
    expect(lastSeenCost(SEEN, Float64Array.from(box), 0)).toBe(cost);
  });
});

describe('onGrid', () => {
  it('makes sums of costs exact and keeps Infinity', () => {
    const [a, b, c] = [onGrid(0.1), onGrid(0.2), onGrid(0.7)] as const;
    expect(a + b + c).toBe(c + b + a);
    expect(a).toBeCloseTo(0.1, 6);
    expect(onGrid(Infinity)).toBe(Infinity);
  });
});
