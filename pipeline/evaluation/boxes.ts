/** A rectangle as COCO writes it: its top left corner, width and height, in pixels of the picture. */
export type CornerAndSize = readonly [x: number, y: number, width: number, height: number];

/** An object that is in a picture. */
export interface TrueBox {
  /** Place of the picture, in the order in which equal scores are to be ranked. */
  readonly picture: number;
  readonly label: number;
  readonly box: CornerAndSize;
  /** Square pixels, by which an object is small, medium or large; of a segmented one less than its box. */
  readonly area: number;
  /** A region of many that nobody told apart: what is found in it is neither right nor wrong. */
  readonly isCrowd: boolean;
}

/** An object that a detector found. */
export interface FoundBox {
  readonly picture: number;
  readonly label: number;
  readonly box: CornerAndSize;
  readonly score: number;
}

/**
 * Overlaps of found with true boxes, `out[found * truths.length + truth]`: intersection over union, or over the found box's own
 * area for a crowd. As pycocotools counts: a box of no width or height overlaps nothing.
 */
export function fillOverlaps(
  found: readonly FoundBox[],
  truths: readonly TrueBox[],
  out: Float64Array,
): void {
  for (const [row, { box }] of found.entries()) {
    const [x, y, width, height] = box;
    const area = width * height;
    for (const [column, truth] of truths.entries()) {
      const [trueX, trueY, trueWidth, trueHeight] = truth.box;
      const sharedWidth = Math.min(x + width, trueX + trueWidth) - Math.max(x, trueX);
      const sharedHeight = Math.min(y + height, trueY + trueHeight) - Math.max(y, trueY);
      const shared = sharedWidth > 0 && sharedHeight > 0 ? sharedWidth * sharedHeight : 0;
      const whole = truth.isCrowd ? area : area + trueWidth * trueHeight - shared;
      out[row * truths.length + column] = shared === 0 ? 0 : shared / whole;
    }
  }
}
