import { assignMost } from './assign';
import type { JudgedSequence } from './frames';

const THRESHOLD = 0.5;
const EPSILON = Number.EPSILON;
/** More than all overlaps of a frame: who was matched in the frame before stays so. */
const KEPT = 1000;

/** Of one sequence or several together. */
export interface ClearCounts {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly switches: number;
  /** Times that objects were found again after they had been lost. */
  readonly fragments: number;
}

/** The CLEAR MOT counts (Bernardin, Stiefelhagen 2008) at an overlap of one half, as TrackEval counts them. */
export function countClear({ frames, truthIds }: JudgedSequence): ClearCounts {
  const lastResult = new Int32Array(truthIds).fill(-1);
  let inLastFrame = new Int32Array(truthIds).fill(-1);
  const stretches = new Int32Array(truthIds);
  let [truePositives, falsePositives, falseNegatives, switches] = [0, 0, 0, 0];
  for (const { truth, results, similarity } of frames) {
    const columns = results.length;
    if (truth.length === 0 || columns === 0) {
      falsePositives += columns;
      falseNegatives += truth.length;
      continue;
    }
    const values = similarity.map((value, at) => {
      if (value < THRESHOLD - EPSILON) return 0;
      return value + (inLastFrame[truth[Math.floor(at / columns)]!] === results[at % columns] ? KEPT : 0);
    });
    const columnOf = assignMost(values, truth.length, columns);
    const inThisFrame = new Int32Array(truthIds).fill(-1);
    let matched = 0;
    columnOf.forEach((column, row) => {
      if (column < 0) return;
      matched++;
      const [object, track] = [truth[row]!, results[column]!];
      if (lastResult[object]! >= 0 && lastResult[object] !== track) switches++;
      lastResult[object] = track;
      inThisFrame[object] = track;
      if (inLastFrame[object]! < 0) stretches[object]!++;
    });
    inLastFrame = inThisFrame;
    truePositives += matched;
    falseNegatives += truth.length - matched;
    falsePositives += columns - matched;
  }
  const fragments = stretches.reduce((sum, count) => sum + Math.max(0, count - 1), 0);
  return { truePositives, falsePositives, falseNegatives, switches, fragments };
}

/** Several sequences as one. */
export function addClear(parts: readonly ClearCounts[]): ClearCounts {
  const sum = (key: keyof ClearCounts) => parts.reduce((total, part) => total + part[key], 0);
  return {
    truePositives: sum('truePositives'),
    falsePositives: sum('falsePositives'),
    falseNegatives: sum('falseNegatives'),
    switches: sum('switches'),
    fragments: sum('fragments'),
  };
}

/** Multiple Object Tracking Accuracy in per cent. */
export function mota({ truePositives, falsePositives, falseNegatives, switches }: ClearCounts): number {
  return (100 * (truePositives - falsePositives - switches)) / Math.max(1, truePositives + falseNegatives);
}
