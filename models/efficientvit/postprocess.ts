import type { Detection } from '../domain/detection';
import { clipBox, fitInside } from '../domain/geometry';
import type { Box, Size } from '../domain/geometry';
import type { Manifest } from './manifest-schema';

/** Outputs of one or more frames, one after the other. */
export interface RawOutputs {
  /** A boxes of 4 corners a frame: x1, y1, x2, y2 in input pixels, not clipped. */
  readonly boxes: Float32Array;
  /** A times the number of labels a frame: probabilities. */
  readonly scores: Float32Array;
}

/** Size of the picture that was fitted into a frame, and the least score wanted of it, where above the manifest's floor. */
export interface SourcePicture extends Size {
  readonly minScore?: number | undefined;
}

/** Turns the outputs of frame number `index` of a batch into detections in source pixels, best first. */
export type Postprocess = (outputs: RawOutputs, index: number, source: SourcePicture) => Detection[];

/** Room for an anchor's index under its score in a sort key; 2^32 times this is still an exact integer. */
const ANCHOR_RANGE = 2 ** 20;

/**
 * Post-processing of the `sightline` layout, as the model card states it: of every anchor the best label, if its score
 * reaches the floor; greedy non-maximum suppression within a label; at most `maxDetections`; letterbox undone by the
 * very numbers FFmpeg scaled with; clipped to the source. Boxes that lie in the padding alone are left out.
 *
 * Sorted by score, then by anchor, so that equal inputs give equal outputs. Its scratch memory makes it good for one
 * frame at a time; it allocates what it returns and nothing an anchor.
 */
export function createPostprocess({ input, outputs, labels, thresholds }: Manifest): Postprocess {
  const { floor, nmsIou, maxDetections } = thresholds;
  const anchors = outputs.boxes.shape[1];
  const classes = labels.length;
  if (anchors > ANCHOR_RANGE) {
    throw new RangeError(`postprocess: expected at most ${ANCHOR_RANGE} anchors, got ${anchors}`);
  }
  const keys = new Float64Array(anchors);
  const labelOf = new Uint16Array(anchors);
  const kept = new Uint32Array(maxDetections);
  const score = new Float32Array(1);
  const scoreBits = new Uint32Array(score.buffer);

  /** Of the scores of one anchor the first that none is above. */
  function bestLabel(scores: Float32Array, first: number): number {
    let label = 0;
    for (let other = 1; other < classes; other++) {
      if (scores[first + other]! > scores[first + label]!) label = other;
    }
    return label;
  }

  /** Fills `labelOf` and `keys`, the latter sorted from the best; returns how many anchors reach the floor. */
  function collect(scores: Float32Array, firstScore: number, least: number): number {
    let count = 0;
    const end = firstScore + anchors * classes;
    for (let at = firstScore; at < end; at++) {
      // Nearly all scores are below: one comparison for each, and no more.
      if (!(scores[at]! >= least)) continue;
      const anchor = Math.floor((at - firstScore) / classes);
      const first = firstScore + anchor * classes;
      at = first + classes - 1;
      const label = bestLabel(scores, first);
      const best = scores[first + label]!;
      // Not so when NaN stands among its scores, which a broken graph may give.
      if (!(best >= least)) continue;
      labelOf[anchor] = label;
      // The bits of positive floats rise with their value, so numbers alone sort by falling score, then by anchor:
      // typed arrays sort without calling back.
      score[0] = best;
      keys[count++] = (0xffffffff - scoreBits[0]!) * ANCHOR_RANGE + anchor;
    }
    keys.subarray(0, count).sort();
    return count;
  }

  /** True when a kept box of the same label overlaps this one by more than `nmsIou`. */
  function isSuppressed(boxes: Float32Array, firstBox: number, anchor: number, keptCount: number): boolean {
    const at = firstBox + anchor * 4;
    const x1 = boxes[at]!;
    const y1 = boxes[at + 1]!;
    const x2 = boxes[at + 2]!;
    const y2 = boxes[at + 3]!;
    const area = (x2 - x1) * (y2 - y1);
    for (let rank = 0; rank < keptCount; rank++) {
      const other = kept[rank]!;
      if (labelOf[other] !== labelOf[anchor]) continue;
      const to = firstBox + other * 4;
      const width = Math.min(x2, boxes[to + 2]!) - Math.max(x1, boxes[to]!);
      const height = Math.min(y2, boxes[to + 3]!) - Math.max(y1, boxes[to + 1]!);
      if (width <= 0 || height <= 0) continue;
      const shared = width * height;
      const otherArea = (boxes[to + 2]! - boxes[to]!) * (boxes[to + 3]! - boxes[to + 1]!);
      if (shared > nmsIou * (area + otherArea - shared)) return true;
    }
    return false;
  }

  return ({ boxes, scores }, index, source) => {
    const fitted = fitInside(source, input);
    const scaleX = source.width / fitted.width;
    const scaleY = source.height / fitted.height;
    const firstBox = index * anchors * 4;
    const firstScore = index * anchors * classes;
    // Suppression goes from the best down, so leaving out the lowest changes nothing above them.
    const found = collect(scores, firstScore, Math.max(floor, source.minScore ?? 0));
    const detections: Detection[] = [];
    for (let rank = 0; rank < found && detections.length < maxDetections; rank++) {
      const anchor = keys[rank]! % ANCHOR_RANGE;
      if (isSuppressed(boxes, firstBox, anchor, detections.length)) continue;
      const at = firstBox + anchor * 4;
      const undone: Box = [
        boxes[at]! * scaleX,
        boxes[at + 1]! * scaleY,
        boxes[at + 2]! * scaleX,
        boxes[at + 3]! * scaleY,
      ];
      const box = clipBox(undone, source);
      // Also false for NaN, which a broken graph may give.
      if (!(box[2] > box[0] && box[3] > box[1])) continue;
      kept[detections.length] = anchor;
      const label = labelOf[anchor]!;
      detections.push({ label: labels[label]!, score: scores[firstScore + anchor * classes + label]!, box });
    }
    return detections;
  };
}
