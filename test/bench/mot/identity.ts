import { assignMost } from './assign';
import type { JudgedSequence } from './frames';

const THRESHOLD = 0.5;

/** Of one sequence or several together, in boxes. */
export interface IdentityCounts {
  /** Boxes of objects under the track that was given to them. */
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
}

/** Identity counts (Ristani et al. 2016): one track for each object, over the whole sequence, so that most boxes agree. */
export function countIdentity({ frames, truthIds, resultIds }: JudgedSequence): IdentityCounts {
  const agreeing = new Float64Array(truthIds * resultIds);
  let truthBoxes = 0;
  let resultBoxes = 0;
  for (const { truth, results, similarity } of frames) {
    truthBoxes += truth.length;
    resultBoxes += results.length;
    similarity.forEach((value, at) => {
      if (value < THRESHOLD) return;
      const row = truth[Math.floor(at / results.length)]!;
      agreeing[row * resultIds + results[at % results.length]!]!++;
    });
  }
  const columnOf = assignMost(agreeing, truthIds, resultIds);
  const truePositives = columnOf.reduce(
    (sum, column, row) => sum + (column < 0 ? 0 : agreeing[row * resultIds + column]!),
    0,
  );
  return {
    truePositives,
    falsePositives: resultBoxes - truePositives,
    falseNegatives: truthBoxes - truePositives,
  };
}

/** Several sequences as one. */
export function addIdentity(parts: readonly IdentityCounts[]): IdentityCounts {
  const sum = (key: keyof IdentityCounts) => parts.reduce((total, part) => total + part[key], 0);
  return {
    truePositives: sum('truePositives'),
    falsePositives: sum('falsePositives'),
    falseNegatives: sum('falseNegatives'),
  };
}

/** IDF1 in per cent. */
export function idf1({ truePositives, falsePositives, falseNegatives }: IdentityCounts): number {
  return (100 * truePositives) / Math.max(1, truePositives + (falsePositives + falseNegatives) / 2);
}
