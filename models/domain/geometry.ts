/** A rectangle by its corners: x1, y1 (top left), x2, y2 (bottom right), in pixels of the picture named where it is used. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number];

/** Width and height of a picture in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Area in square pixels; 0 for an empty or inverted box. */
export function boxArea([x1, y1, x2, y2]: Box): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
}

/** Intersection over union of two boxes, 0 to 1; 0 when either is empty. */
export function boxIou(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (boxArea(a) + boxArea(b) - shared);
}

/** The box with every corner moved inside a picture of the given size. */
export function clipBox([x1, y1, x2, y2]: Box, { width, height }: Size): Box {
  const clamp = (value: number, max: number) => Math.min(Math.max(value, 0), max);
  return [clamp(x1, width), clamp(y1, height), clamp(x2, width), clamp(y2, height)];
}

/** `a * b / c` rounded to the nearest integer, halves up: FFmpeg's `av_rescale` for positive values. */
function rescale(a: number, b: number, c: number): number {
  return Math.floor((a * b + Math.floor(c / 2)) / c);
}

/**
 * Size of a source picture scaled to fit the model's input, aspect kept: rounded to the nearest pixel, then down to even, at
 * least 2. The `scale` filter of operators/sources/ffmpeg-args.ts computes the same in FFmpeg's own expressions.
 */
export function fitInside(source: Size, input: Size): Size {
  const fittedWidth = Math.min(rescale(input.height, source.width, source.height), input.width);
  const fittedHeight = Math.min(rescale(input.width, source.height, source.width), input.height);
  const even = (value: number) => Math.max(2, Math.floor(value / 2) * 2);
  return { width: even(fittedWidth), height: even(fittedHeight) };
}
