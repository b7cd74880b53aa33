/** Room for an anchor's index under its score in a sort key; 2^32 times this is still an exact integer. */
const ANCHOR_RANGE = 2 ** 20;

/** The boxes of one frame whose scores reach what is wanted, as a layout's reader finds them. */
export interface Candidates {
  /** Label, score and corners (x1, y1, x2, y2 in input pixels; four an anchor) of what was added, by anchor. */
  readonly labelOf: Uint16Array;
  readonly scoreOf: Float32Array;
  readonly corners: Float64Array;
  /** Forgets all. */
  clear(): void;
  /** Adds an anchor's box, once at most; its score is above 0. */
  add(anchor: number, label: number, score: number, x1: number, y1: number, x2: number, y2: number): void;
  /** Sorts what was added by falling score, then by anchor, and returns its number. */
  rank(): number;
  /** The anchor at a rank from 0 on. */
  at(rank: number): number;
}

/** Memory for so many anchors, allocated once. Throws RangeError for more than 2^20. */
export function createCandidates(anchors: number): Candidates {
  if (anchors > ANCHOR_RANGE) {
    throw new RangeError(`postprocess: expected at most ${ANCHOR_RANGE} anchors, got ${anchors}`);
  }
  const keys = new Float64Array(anchors);
  const labelOf = new Uint16Array(anchors);
  const scoreOf = new Float32Array(anchors);
  const scoreBits = new Uint32Array(scoreOf.buffer);
  const corners = new Float64Array(anchors * 4);
  let count = 0;
  return {
    labelOf,
    scoreOf,
    corners,
    clear() {
      count = 0;
    },
    add(anchor, label, score, x1, y1, x2, y2) {
      labelOf[anchor] = label;
      scoreOf[anchor] = score;
      corners[anchor * 4] = x1;
      corners[anchor * 4 + 1] = y1;
      corners[anchor * 4 + 2] = x2;
      corners[anchor * 4 + 3] = y2;
      // The bits of positive floats rise with their value, so numbers alone sort by falling score, then by anchor:
      // typed arrays sort without calling back.
      keys[count++] = (0xffffffff - scoreBits[anchor]!) * ANCHOR_RANGE + anchor;
    },
    rank() {
      keys.subarray(0, count).sort();
      return count;
    },
    at: (rank) => keys[rank]! % ANCHOR_RANGE,
  };
}
