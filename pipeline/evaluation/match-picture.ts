import { fillOverlaps } from './boxes';
import type { FoundBox, TrueBox } from './boxes';
import { OVERLAPS, SIZES } from './coco-rules';

/** What a found box came to at one overlap and size. */
export const VERDICT = { wrong: 0, right: 1, ignored: 2 } as const;

/** One label in one picture. */
export interface PictureBoxes {
  readonly truths: readonly TrueBox[];
  /** Best first. */
  readonly found: readonly FoundBox[];
}

/** Where verdicts go: that of found box `n` at `verdicts[(size * OVERLAPS.length + overlap) * stride + first + n]`. */
export interface VerdictPlace {
  readonly verdicts: Uint8Array;
  readonly stride: number;
  readonly first: number;
}

/** An overlap of exactly 1 must be possible to reach. */
const HIGHEST_OVERLAP = 1 - 1e-10;

/** True when an object of this size does not count, and finding it neither. */
export function isIgnored(truth: TrueBox, size: (typeof SIZES)[number]): boolean {
  return truth.isCrowd || truth.area < size.least || truth.area > size.most;
}

/**
 * Pairs what was found with what is there, as COCO's evaluation does (Lin et al., Microsoft COCO, ECCV 2014; pycocotools'
 * `COCOeval.evaluateImg`): the surest first, each with the object left that it overlaps most, of equal ones the last; objects that
 * count before those that do not, and a crowd any number of times. What is paired with nothing, and is itself of another size, is
 * ignored. The memory it works in is kept from call to call.
 */
export function createPictureMatcher(): (boxes: PictureBoxes, place: VerdictPlace) => void {
  let overlaps = new Float64Array(0);
  let isTaken = new Uint8Array(0);

  return ({ truths, found }, { verdicts, stride, first }) => {
    if (overlaps.length < truths.length * found.length) {
      overlaps = new Float64Array(truths.length * found.length * 2);
    }
    if (isTaken.length < truths.length) isTaken = new Uint8Array(truths.length * 2);
    fillOverlaps(found, truths, overlaps);

    for (const [sizeIndex, size] of SIZES.entries()) {
      const counted = truths.flatMap((truth, index) => (isIgnored(truth, size) ? [] : [index]));
      const ignored = truths.flatMap((truth, index) => (isIgnored(truth, size) ? [index] : []));
      const order = [...counted, ...ignored];
      const unmatched = found.map(({ box }) => {
        const area = box[2] * box[3];
        return area < size.least || area > size.most ? VERDICT.ignored : VERDICT.wrong;
      });
      for (const [overlapIndex, overlap] of OVERLAPS.entries()) {
        isTaken.fill(0, 0, truths.length);
        const row = (sizeIndex * OVERLAPS.length + overlapIndex) * stride + first;
        for (let index = 0; index < found.length; index++) {
          const match = bestMatch(index, Math.min(overlap, HIGHEST_OVERLAP), order, counted.length);
          if (match < 0) {
            verdicts[row + index] = unmatched[index]!;
          } else {
            isTaken[order[match]!] = 1;
            verdicts[row + index] = match < counted.length ? VERDICT.right : VERDICT.ignored;
          }
        }
      }
    }

    /** Place within `order`, of which the first `countedLength` count; -1: none. */
    function bestMatch(
      index: number,
      least: number,
      order: readonly number[],
      countedLength: number,
    ): number {
      let best = -1;
      let bestOverlap = least;
      for (let place = 0; place < order.length; place++) {
        const truth = order[place]!;
        if (isTaken[truth] === 1 && !truths[truth]!.isCrowd) continue;
        if (best >= 0 && best < countedLength && place >= countedLength) break;
        const overlap = overlaps[index * truths.length + truth]!;
        if (overlap < bestOverlap) continue;
        bestOverlap = overlap;
        best = place;
      }
      return best;
    }
  };
}
