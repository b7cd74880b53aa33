import type { Box, Size } from '../../models/domain/geometry';
import { i420ByteLength } from './i420-painter';

/** Part of a picture, on whole pixels, and the size it is brought to. */
export interface Cut {
  readonly area: Box;
  readonly to: Size;
}

export interface CutChoices {
  /** Size of the picture. */
  readonly size: Size;
  /** Width : height of its pixels; absent: square. */
  readonly sampleAspect?: readonly [number, number] | undefined;
  /** What must be in the cut; absent: the whole picture. */
  readonly box?: Box | undefined;
  /** What is left around a box, as a part of its longer side. Default 0.15: enough to see where an object is. */
  readonly margin?: number;
  /** Pixels across, at most. */
  readonly maxWidth: number;
}

const DEFAULT_MARGIN = 0.15;

/**
 * Where to cut a picture: around a box with a margin, as far as the picture goes, or all of it. Corners are even, so that chroma
 * stays in its place. The result has square pixels; it is made smaller, and never larger.
 */
export function planCut({
  size,
  sampleAspect = [1, 1],
  box,
  margin = DEFAULT_MARGIN,
  maxWidth,
}: CutChoices): Cut {
  const area = box === undefined ? ([0, 0, size.width, size.height] as const) : around(box, size, margin);
  const [num, den] = sampleAspect;
  const aspect = num > 0 && den > 0 ? num / den : 1;
  const [width, height] = [area[2] - area[0], area[3] - area[1]];
  const [shownWidth, shownHeight] = aspect < 1 ? [width * aspect, height] : [width, height / aspect];
  const scale = Math.min(1, maxWidth / shownWidth);
  const to = { width: whole(shownWidth * scale, width), height: whole(shownHeight * scale, height) };
  return { area, to };
}

/** Where a box of the picture is in its cut. */
export function boxInCut([x1, y1, x2, y2]: Box, { area, to }: Cut): Box {
  const x = to.width / (area[2] - area[0]);
  const y = to.height / (area[3] - area[1]);
  return [(x1 - area[0]) * x, (y1 - area[1]) * y, (x2 - area[0]) * x, (y2 - area[1]) * y];
}

/** Copies the cut of an I420 picture; what is made smaller is the mean of what it was. */
export function cutI420(pixels: Uint8Array, { width, height }: Size, { area, to }: Cut): Uint8Array {
  const result = new Uint8Array(i420ByteLength(to));
  const [chromaWidth, chromaHeight] = [half(width), half(height)];
  const [toChromaWidth, toChromaHeight] = [half(to.width), half(to.height)];
  const chroma: Box = [area[0] / 2, area[1] / 2, half(area[2]), half(area[3])];
  copyPlane({
    ...{ from: pixels.subarray(0, width * height), stride: width, area },
    ...{ to: result.subarray(0, to.width * to.height), columns: to.width, rows: to.height },
  });
  for (const plane of [0, 1]) {
    const start = width * height + plane * chromaWidth * chromaHeight;
    const toStart = to.width * to.height + plane * toChromaWidth * toChromaHeight;
    copyPlane({
      ...{ from: pixels.subarray(start, start + chromaWidth * chromaHeight), stride: chromaWidth },
      area: chroma,
      to: result.subarray(toStart, toStart + toChromaWidth * toChromaHeight),
      ...{ columns: toChromaWidth, rows: toChromaHeight },
    });
  }
  return result;
}

const half = (side: number) => Math.ceil(side / 2);
const whole = (side: number, most: number) => Math.max(1, Math.min(most, Math.round(side)));

function around([x1, y1, x2, y2]: Box, { width, height }: Size, part: number): Box {
  const margin = part * Math.max(x2 - x1, y2 - y1);
  // A box may lie outside of the picture: then the cut is the pixels nearest to it.
  const low = (at: number, side: number) => {
    const inside = Math.min(Math.max(0, at - margin), side - 1);
    return 2 * Math.floor(inside / 2);
  };
  const high = (at: number, least: number, side: number) =>
    Math.min(side, Math.max(least + 2, 2 * Math.ceil((at + margin) / 2)));
  const [left, top] = [low(x1, width), low(y1, height)];
  return [left, top, high(x2, left, width), high(y2, top, height)];
}

interface PlaneCopy {
  readonly from: Uint8Array;
  readonly stride: number;
  readonly area: Box;
  readonly to: Uint8Array;
  readonly columns: number;
  readonly rows: number;
}

function copyPlane({ from, stride, area: [x1, y1, x2, y2], to, columns, rows }: PlaneCopy): void {
  if (columns === x2 - x1 && rows === y2 - y1) {
    for (let y = 0; y < rows; y++) {
      const start = (y1 + y) * stride + x1;
      to.set(from.subarray(start, start + columns), y * columns);
    }
    return;
  }
  const lefts = Int32Array.from({ length: columns + 1 }, (_, x) => Math.floor((x * (x2 - x1)) / columns));
  for (let y = 0; y < rows; y++) {
    const top = y1 + Math.floor((y * (y2 - y1)) / rows);
    const bottom = Math.max(top + 1, y1 + Math.floor(((y + 1) * (y2 - y1)) / rows));
    for (let x = 0; x < columns; x++) {
      const left = x1 + lefts[x]!;
      const right = Math.max(left + 1, x1 + lefts[x + 1]!);
      let sum = 0;
      for (let row = top * stride; row < bottom * stride; row += stride) {
        for (let at = row + left; at < row + right; at++) sum += from[at]!;
      }
      to[y * columns + x] = Math.round(sum / ((bottom - top) * (right - left)));
    }
  }
}
