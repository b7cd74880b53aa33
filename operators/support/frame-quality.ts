import { boxArea, clipBox } from '../../models/domain/geometry';
import type { Box, Size } from '../../models/domain/geometry';

/** Samples of luma that are looked at, about: what a large box costs more, it does not tell more. */
const SAMPLES = 4096;
/** Standard deviation of the Laplacian, in levels, that counts for half of what can be: above what blur leaves of most scenes. */
const HALF_SHARP = 8;
/** Who is half hidden is found with a lower score, and may look larger and sharper by what hides it: the score counts for more. */
const SCORE_POWER = 2;
/** What each edge of the picture that a box touches leaves of its worth: the object goes on beyond it. */
const CUT_OFF_PART = 0.5;
/** A box as near as this touches: detections end a little before the edge. */
const EDGE_PART = 0.005;
const EDGE_LEAST_PX = 2;

/**
 * What an object in a picture is worth as far as its detection tells: score × side of a square of its size in pixels of this
 * picture, less for each edge that cuts it off. 0 for an empty box.
 */
export function worthOf(score: number, box: Box, size: Size): number {
  const inside = clipBox(box, size);
  const [x1, y1, x2, y2] = inside;
  const marginX = Math.max(EDGE_LEAST_PX, size.width * EDGE_PART);
  const marginY = Math.max(EDGE_LEAST_PX, size.height * EDGE_PART);
  const touched = [x1 <= marginX, y1 <= marginY, x2 >= size.width - marginX, y2 >= size.height - marginY];
  const cutOff = CUT_OFF_PART ** touched.filter(Boolean).length;
  return score ** SCORE_POWER * Math.sqrt(boxArea(inside)) * cutOff;
}

/**
 * How sharp an I420 picture is within a box, 0 to below 1: from the variance of the Laplacian of its luma, on a grid of some
 * thousand samples. 0 where there is not one whole neighbourhood.
 */
export function sharpnessOf(pixels: Uint8Array, size: Size, box: Box): number {
  const { width, height } = size;
  const [left, top, right, bottom] = clipBox(box, size);
  const x1 = Math.max(1, Math.ceil(left));
  const y1 = Math.max(1, Math.ceil(top));
  const x2 = Math.min(width - 1, Math.floor(right));
  const y2 = Math.min(height - 1, Math.floor(bottom));
  if (x2 <= x1 || y2 <= y1) return 0;
  const step = Math.max(1, Math.floor(Math.sqrt(((x2 - x1) * (y2 - y1)) / SAMPLES)));
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (let y = y1; y < y2; y += step) {
    const row = y * width;
    for (let at = row + x1; at < row + x2; at += step) {
      const around = pixels[at - 1]! + pixels[at + 1]! + pixels[at - width]! + pixels[at + width]!;
      const laplacian = 4 * pixels[at]! - around;
      sum += laplacian;
      squares += laplacian * laplacian;
      count++;
    }
  }
  const deviation = Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
  return deviation / (deviation + HALF_SHARP);
}
