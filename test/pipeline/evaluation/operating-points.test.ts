import { bestPoint, mergeRankings, pointAt } from '../../../pipeline/evaluation/operating-points';

const ranking = (...pairs: readonly (readonly [score: number, isRight: 0 | 1])[]) => ({
  scores: Float64Array.from(pairs.map(([score]) => score)),
  isRight: Uint8Array.from(pairs.map(([, isRight]) => isRight)),
});

const RANKING = ranking([0.9, 1], [0.8, 1], [0.8, 0], [0.5, 1], [0.3, 0], [0.2, 0]);

describe('pointAt', () => {
  it('counts what reaches the threshold, equal scores included', () => {
    expect(pointAt(0.8, RANKING, 4)).toEqual({ threshold: 0.8, precision: 2 / 3, recall: 0.5, f1: 4 / 7 });
  });

  it('has no precision where nothing is found, and no recall without objects', () => {
    expect(pointAt(0.95, RANKING, 4)).toEqual({ threshold: 0.95, precision: null, recall: 0, f1: 0 });
    expect(pointAt(0.1, ranking([0.2, 0]), 0)).toEqual({ threshold: 0.1, precision: 0, recall: null, f1: 0 });
  });
});

describe('bestPoint', () => {
  it('finds the threshold with the best F1', () => {
    expect(bestPoint(RANKING, 4)).toEqual({ threshold: 0.5, precision: 0.75, recall: 0.75, f1: 0.75 });
  });

  it('does not part equal scores', () => {
    // Between both of 0.8 it would be perfect.
    expect(bestPoint(ranking([0.8, 1], [0.8, 0]), 1)?.f1).toBeCloseTo(2 / 3, 12);
  });

  it('is none where nothing is right', () => {
    expect(bestPoint(ranking([0.8, 0]), 3)).toBeUndefined();
    expect(bestPoint(ranking(), 3)).toBeUndefined();
  });
});

describe('mergeRankings', () => {
  it('orders several by their scores', () => {
    const merged = mergeRankings([ranking([0.9, 1], [0.2, 0]), ranking([0.5, 0], [0.4, 1])]);
    expect([[...merged.scores], [...merged.isRight]]).toEqual([
      [0.9, 0.5, 0.4, 0.2],
      [1, 0, 1, 0],
    ]);
  });
});
