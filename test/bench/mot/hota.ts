import { assignMost } from './assign';
import type { JudgedSequence } from './frames';

/** Overlaps from which a pair counts. */
const ALPHAS = Array.from({ length: 19 }, (_, index) => (index + 1) * 0.05);
const EPSILON = Number.EPSILON;

/** Of one sequence or several together, by alpha. */
export interface HotaCounts {
  readonly truePositives: readonly number[];
  readonly falsePositives: readonly number[];
  readonly falseNegatives: readonly number[];
  /** Sum over the true positives of how well their tracks and objects agree. */
  readonly association: readonly number[];
}

/** Per cent, mean over the alphas. */
export interface HotaScores {
  readonly hota: number;
  readonly detA: number;
  readonly assA: number;
}

/** Higher Order Tracking Accuracy (Luiten et al. 2021), counted as TrackEval counts it. */
export function countHota({ frames, truthIds, resultIds }: JudgedSequence): HotaCounts {
  const size = truthIds * resultIds;
  const truthCount = new Float64Array(truthIds);
  const resultCount = new Float64Array(resultIds);
  const alignment = new Float64Array(size);
  for (const { truth, results, similarity } of frames) {
    const [rows, columns] = [truth.length, results.length];
    const rowSums = new Float64Array(rows);
    const columnSums = new Float64Array(columns);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const value = similarity[row * columns + column]!;
        rowSums[row] = rowSums[row]! + value;
        columnSums[column] = columnSums[column]! + value;
      }
    }
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const value = similarity[row * columns + column]!;
        const joint = rowSums[row]! + columnSums[column]! - value;
        const at = truth[row]! * resultIds + results[column]!;
        if (joint > EPSILON) alignment[at] = alignment[at]! + value / joint;
      }
    }
    for (const id of truth) truthCount[id] = truthCount[id]! + 1;
    for (const id of results) resultCount[id] = resultCount[id]! + 1;
  }
  for (let at = 0; at < size; at++) {
    const shared = alignment[at]!;
    const joint = truthCount[Math.floor(at / resultIds)]! + resultCount[at % resultIds]! - shared;
    alignment[at] = joint > 0 ? shared / joint : 0;
  }

  const matches = ALPHAS.map(() => new Float64Array(size));
  const truePositives = ALPHAS.map(() => 0);
  let truthBoxes = 0;
  let resultBoxes = 0;
  for (const { truth, results, similarity } of frames) {
    truthBoxes += truth.length;
    resultBoxes += results.length;
    const columns = results.length;
    const values = similarity.map(
      (value, at) =>
        value * alignment[truth[Math.floor(at / columns)]! * resultIds + results[at % columns]!]!,
    );
    const columnOf = assignMost(values, truth.length, columns);
    columnOf.forEach((column, row) => {
      if (column < 0) return;
      const at = truth[row]! * resultIds + results[column]!;
      for (const [index, alpha] of ALPHAS.entries()) {
        if (similarity[row * columns + column]! < alpha - EPSILON) break;
        truePositives[index]!++;
        matches[index]![at]!++;
      }
    });
  }
  const association = matches.map((counts) =>
    counts.reduce((sum, count, at) => {
      if (count === 0) return sum;
      const joint = truthCount[Math.floor(at / resultIds)]! + resultCount[at % resultIds]! - count;
      return sum + (count * count) / Math.max(1, joint);
    }, 0),
  );
  return {
    truePositives,
    falsePositives: truePositives.map((count) => resultBoxes - count),
    falseNegatives: truePositives.map((count) => truthBoxes - count),
    association,
  };
}

/** Several sequences as one. */
export function addHota(parts: readonly HotaCounts[]): HotaCounts {
  const sum = (key: keyof HotaCounts) =>
    ALPHAS.map((_, index) => parts.reduce((total, part) => total + part[key][index]!, 0));
  return {
    truePositives: sum('truePositives'),
    falsePositives: sum('falsePositives'),
    falseNegatives: sum('falseNegatives'),
    association: sum('association'),
  };
}

export function scoreHota(counts: HotaCounts): HotaScores {
  const { truePositives, falsePositives, falseNegatives, association } = counts;
  const detections = ALPHAS.map((_, index) => {
    const right = truePositives[index]!;
    return right / Math.max(1, right + falsePositives[index]! + falseNegatives[index]!);
  });
  const associations = ALPHAS.map((_, index) => association[index]! / Math.max(1, truePositives[index]!));
  const percent = (values: readonly number[]) => (100 * values.reduce((a, b) => a + b, 0)) / values.length;
  return {
    hota: percent(detections.map((value, index) => Math.sqrt(value * associations[index]!))),
    detA: percent(detections),
    assA: percent(associations),
  };
}
