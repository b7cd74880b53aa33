/** One box of one frame: pixels, top left corner and size. */
export interface MotBox {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Overlap of two boxes: shared area over joint area; 0 where neither has any. */
export function iouOf(a: MotBox, b: MotBox): number {
  const shared = sharedArea(a, b);
  const joint = a.width * a.height + b.width * b.height - shared;
  return joint > 0 ? shared / joint : 0;
}

/** The part of `a` that lies within `b`, 0 to 1. */
export function partWithin(a: MotBox, b: MotBox): number {
  const area = a.width * a.height;
  return area > 0 ? sharedArea(a, b) / area : 0;
}

function sharedArea(a: MotBox, b: MotBox): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}
