import type { FoundBox, TrueBox } from './boxes';
import { LIMIT, MOST_FOUND, OVERLAPS, RECALLS, SIZES } from './coco-rules';
import { VERDICT, createPictureMatcher, isIgnored } from './match-picture';

/** What one label came to. A value is -1 where there is no object of that size. */
export interface LabelCurves {
  /** Objects that count, of each of `SIZES`. */
  readonly objects: readonly number[];
  /** `[size][most found][overlap][recall]`, one after the other: the best precision at that recall or above. */
  readonly precision: Float64Array;
  /** `[size][most found][overlap]`: the highest recall reached. */
  readonly recall: Float64Array;
  /** Found boxes at overlap 0.5 and all sizes that count, the surest first: score and whether it was right. */
  readonly ranking: { readonly scores: Float64Array; readonly isRight: Uint8Array };
}

/** Boxes of one label. */
export interface LabelBoxes {
  readonly truths: readonly TrueBox[];
  readonly found: readonly FoundBox[];
}

/** Index of `LabelCurves.recall`; times the number of recalls that of the first precision. */
export function curveAt(size: number, mostFound: number, overlap: number): number {
  return (size * MOST_FOUND.length + mostFound) * OVERLAPS.length + overlap;
}

/** All found boxes of a label that are looked at, with what each came to. */
interface Verdicts {
  /** `[size][overlap][found]`. */
  readonly verdicts: Uint8Array;
  readonly scores: Float64Array;
  /** Place of each within its picture, by score. */
  readonly ranks: Uint8Array;
  /** From the surest; equal ones by picture, then as they were given. */
  readonly order: Uint32Array;
}

/** Judges what was found of one label (pycocotools' `COCOeval.accumulate`). Pictures' numbers decide among equal scores. */
export function judgeLabel({ truths, found }: LabelBoxes): LabelCurves {
  const objects = SIZES.map((size) => truths.filter((truth) => !isIgnored(truth, size)).length);
  const judged = judgeBoxes(truths, found);
  const curves = SIZES.length * MOST_FOUND.length * OVERLAPS.length;
  const precision = new Float64Array(curves * RECALLS.length).fill(-1);
  const recall = new Float64Array(curves).fill(-1);
  for (const [size, count] of objects.entries()) {
    if (count === 0) continue;
    for (const [most, limit] of MOST_FOUND.entries()) {
      const order = judged.order.filter((index) => judged.ranks[index]! < limit);
      for (let overlap = 0; overlap < OVERLAPS.length; overlap++) {
        const at = curveAt(size, most, overlap);
        const row = (size * OVERLAPS.length + overlap) * judged.scores.length;
        const ofOverlap = judged.verdicts.subarray(row, row + judged.scores.length);
        const target = precision.subarray(at * RECALLS.length, (at + 1) * RECALLS.length);
        recall[at] = fillPrecision(order, ofOverlap, count, target);
      }
    }
  }
  return { objects, precision, recall, ranking: rankingOf(judged) };
}

function judgeBoxes(truths: readonly TrueBox[], found: readonly FoundBox[]): Verdicts {
  const truthsOf = byPicture(truths);
  const foundOf = byPicture(found);
  const pictures = [...foundOf].sort(([a], [b]) => a - b);
  // Array.prototype.sort keeps the order of equals, as the mergesort of pycocotools does.
  const ranked = pictures.map(([picture, boxes]) => ({
    truths: truthsOf.get(picture) ?? [],
    found: boxes.sort((a, b) => b.score - a.score).slice(0, LIMIT),
  }));
  const stride = ranked.reduce((sum, boxes) => sum + boxes.found.length, 0);
  const verdicts = new Uint8Array(SIZES.length * OVERLAPS.length * stride);
  const scores = new Float64Array(stride);
  const ranks = new Uint8Array(stride);
  const match = createPictureMatcher();
  let first = 0;
  for (const boxes of ranked) {
    match(boxes, { verdicts, stride, first });
    for (const [rank, { score }] of boxes.found.entries()) {
      scores[first + rank] = score;
      ranks[first + rank] = rank;
    }
    first += boxes.found.length;
  }
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
  return { verdicts, scores, ranks, order };
}

function byPicture<T extends { readonly picture: number }>(boxes: readonly T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const box of boxes) {
    const group = groups.get(box.picture);
    if (group === undefined) groups.set(box.picture, [box]);
    else group.push(box);
  }
  return groups;
}

/** Fills the precision at each of `RECALLS`, 0 at those not reached; gives the highest recall. */
function fillPrecision(
  order: Uint32Array,
  verdicts: Uint8Array,
  objects: number,
  target: Float64Array,
): number {
  const precisions = new Float64Array(order.length);
  const recalls = new Float64Array(order.length);
  let right = 0;
  let wrong = 0;
  for (let place = 0; place < order.length; place++) {
    const verdict = verdicts[order[place]!];
    if (verdict === VERDICT.right) right++;
    else if (verdict === VERDICT.wrong) wrong++;
    precisions[place] = right / (right + wrong + Number.EPSILON);
    recalls[place] = right / objects;
  }
  for (let place = order.length - 1; place > 0; place--) {
    if (precisions[place]! > precisions[place - 1]!) precisions[place - 1] = precisions[place]!;
  }
  let place = 0;
  for (const [index, recall] of RECALLS.entries()) {
    while (place < order.length && recalls[place]! < recall) place++;
    target[index] = place < order.length ? precisions[place]! : 0;
  }
  return order.length > 0 ? recalls[order.length - 1]! : 0;
}

/** Rows of `verdicts` begin with all sizes at the lowest overlap. */
function rankingOf({ verdicts, scores, order }: Verdicts): LabelCurves['ranking'] {
  const counted = order.filter((index) => verdicts[index] !== VERDICT.ignored);
  return {
    scores: Float64Array.from(counted, (index) => scores[index]!),
    isRight: Uint8Array.from(counted, (index) => (verdicts[index] === VERDICT.right ? 1 : 0)),
  };
}
