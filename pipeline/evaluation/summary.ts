import { MOST_FOUND, OVERLAPS, RECALLS, SIZES } from './coco-rules';
import { curveAt } from './judge-label';
import type { LabelCurves } from './judge-label';

/**
 * COCO's twelve numbers, 0 to 1; null where no object is of that size. `ap` and `ar` are means over overlaps of 0.50 to 0.95, of
 * the precision at 101 recalls and of the highest recall; `ar1` and `ar10` with the one and the ten surest boxes of each label in
 * each picture, all others with a hundred.
 */
export interface Summary {
  readonly ap: number | null;
  readonly ap50: number | null;
  readonly ap75: number | null;
  readonly apSmall: number | null;
  readonly apMedium: number | null;
  readonly apLarge: number | null;
  readonly ar1: number | null;
  readonly ar10: number | null;
  readonly ar100: number | null;
  readonly arSmall: number | null;
  readonly arMedium: number | null;
  readonly arLarge: number | null;
}

const sizeAt = (name: (typeof SIZES)[number]['name']) => SIZES.findIndex((size) => size.name === name);
const ALL = sizeAt('all');
const [SMALL, MEDIUM, LARGE] = [sizeAt('small'), sizeAt('medium'), sizeAt('large')];
const MOST = MOST_FOUND.length - 1;
const EVERY = OVERLAPS.map((_, index) => index);
/** 0.75 is the sixth, which `linspace` makes 0.75 exactly. */
const [AT_50, AT_75] = [[0], [5]];

/** Means over the labels that occur (pycocotools' `COCOeval.summarize`); of one label, its own numbers. */
export function summarize(labels: readonly LabelCurves[]): Summary {
  const precision = (size: number, overlaps: readonly number[]) =>
    mean(
      labels.flatMap((label) =>
        overlaps.map((overlap) => {
          const at = curveAt(size, MOST, overlap) * RECALLS.length;
          return label.precision.subarray(at, at + RECALLS.length);
        }),
      ),
    );
  const recall = (size: number, mostFound: number) =>
    mean(
      labels.map((label) =>
        label.recall.subarray(curveAt(size, mostFound, 0), curveAt(size, mostFound, OVERLAPS.length - 1) + 1),
      ),
    );
  return {
    ap: precision(ALL, EVERY),
    ap50: precision(ALL, AT_50),
    ap75: precision(ALL, AT_75),
    apSmall: precision(SMALL, EVERY),
    apMedium: precision(MEDIUM, EVERY),
    apLarge: precision(LARGE, EVERY),
    ar1: recall(ALL, 0),
    ar10: recall(ALL, 1),
    ar100: recall(ALL, MOST),
    arSmall: recall(SMALL, MOST),
    arMedium: recall(MEDIUM, MOST),
    arLarge: recall(LARGE, MOST),
  };
}

/** Over what is there; -1 stands for what is not. */
function mean(parts: readonly Float64Array[]): number | null {
  let sum = 0;
  let count = 0;
  for (const part of parts) {
    for (const value of part) {
      if (value < 0) continue;
      sum += value;
      count++;
    }
  }
  return count === 0 ? null : sum / count;
}
