import type { LabelCurves } from './judge-label';

/** How a detector does when what scores less than `threshold` is left out; at an overlap of 0.5. */
export interface OperatingPoint {
  readonly threshold: number;
  /** Part of what was found that is right; null when nothing was found. */
  readonly precision: number | null;
  /** Part of the objects that was found; null when there are none. */
  readonly recall: number | null;
  /** Harmonic mean of both; 0 when nothing was right. */
  readonly f1: number;
}

type Ranking = LabelCurves['ranking'];

/** The point at a given threshold. `ranking` is from the surest to the least sure. */
export function pointAt(threshold: number, { scores, isRight }: Ranking, objects: number): OperatingPoint {
  let right = 0;
  let count = 0;
  while (count < scores.length && scores[count]! >= threshold) right += isRight[count++]!;
  return toPoint(threshold, right, count, objects);
}

/** The threshold with the best F1, of equal ones the highest; undefined when nothing is right at any. */
export function bestPoint({ scores, isRight }: Ranking, objects: number): OperatingPoint | undefined {
  let best: OperatingPoint | undefined;
  let right = 0;
  for (let count = 1; count <= scores.length; count++) {
    right += isRight[count - 1]!;
    // Equal scores pass a threshold together.
    if (scores[count] === scores[count - 1]) continue;
    const f1 = f1Of(right, count, objects);
    if (f1 > (best?.f1 ?? 0)) best = toPoint(scores[count - 1]!, right, count, objects);
  }
  return best;
}

/** Rankings of several labels as one: to choose one threshold for all of them. */
export function mergeRankings(rankings: readonly Ranking[]): Ranking {
  const scores = Float64Array.from(rankings.flatMap((ranking) => [...ranking.scores]));
  const isRight = Uint8Array.from(rankings.flatMap((ranking) => [...ranking.isRight]));
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
  return {
    scores: Float64Array.from(order, (index) => scores[index]!),
    isRight: Uint8Array.from(order, (index) => isRight[index]!),
  };
}

function toPoint(threshold: number, right: number, count: number, objects: number): OperatingPoint {
  return {
    threshold,
    precision: count === 0 ? null : right / count,
    recall: objects === 0 ? null : right / objects,
    f1: f1Of(right, count, objects),
  };
}

const f1Of = (right: number, count: number, objects: number) =>
  right === 0 ? 0 : (2 * right) / (count + objects);
