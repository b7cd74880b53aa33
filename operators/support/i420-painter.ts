import { GLYPH_ADVANCE, glyphInk } from './bitmap-font';
import type { Size } from '../../models/domain/geometry';

/** A colour of limited-range BT.601 video: luma 16 to 235, chroma 16 to 240. */
export type Yuv = readonly [y: number, u: number, v: number];

/** Bytes of an I420 picture; odd sizes round the chroma planes up. */
export function i420ByteLength({ width, height }: Size): number {
  return width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
}

/** Draws on one picture in place. Coordinates are whole pixels; what lies outside the picture is left out. */
export interface I420Painter {
  /** Fills columns x1 to x2 - 1 of rows y1 to y2 - 1. */
  fill(x1: number, y1: number, x2: number, y2: number, colour: Yuv): void;
  /** Draws a frame of the given thickness inside the same rectangle that `fill` would fill. */
  outline(x1: number, y1: number, x2: number, y2: number, thickness: number, colour: Yuv): void;
  /** Draws text in brightness only (a colour would need a pair of pixels), its top left at x, y. */
  text(x: number, y: number, text: string, scale: number, luma: number): void;
}

/** Below this width a loop is faster than the call of TypedArray.fill (Node 20, x86-64). */
const SHORTEST_FILL = 32;

/**
 * A painter for planes Y, U and V that lie one after the other without padding. A chroma sample that a shape covers in part
 * takes the shape's colour: at odd edges one neighbouring row or column keeps its brightness and is tinted.
 */
export function createI420Painter(pixels: Uint8Array, size: Size): I420Painter {
  const { width, height } = size;
  const expected = i420ByteLength(size);
  if (pixels.length !== expected) {
    throw new RangeError(
      `I420 picture of ${width}x${height}: expected ${expected} bytes, got ${pixels.length}`,
    );
  }
  const chromaWidth = Math.ceil(width / 2);
  const uStart = width * height;
  const vStart = uStart + chromaWidth * Math.ceil(height / 2);

  function fillPlane(
    start: number,
    stride: number,
    x1: number,
    y1: number,
    x2: number,
    y2: number,
    value: number,
  ) {
    const end = start + y2 * stride;
    for (let row = start + y1 * stride; row < end; row += stride) {
      if (x2 - x1 >= SHORTEST_FILL) pixels.fill(value, row + x1, row + x2);
      else for (let at = row + x1; at < row + x2; at++) pixels[at] = value;
    }
  }

  function fill(x1: number, y1: number, x2: number, y2: number, [y, u, v]: Yuv) {
    const left = Math.max(x1, 0);
    const top = Math.max(y1, 0);
    const right = Math.min(x2, width);
    const bottom = Math.min(y2, height);
    if (left >= right || top >= bottom) return;
    fillPlane(0, width, left, top, right, bottom, y);
    const chroma = [left >> 1, top >> 1, (right + 1) >> 1, (bottom + 1) >> 1] as const;
    fillPlane(uStart, chromaWidth, ...chroma, u);
    fillPlane(vStart, chromaWidth, ...chroma, v);
  }

  return {
    fill,
    outline(x1, y1, x2, y2, thickness, colour) {
      const innerTop = Math.min(y1 + thickness, y2);
      const innerBottom = Math.max(y2 - thickness, innerTop);
      fill(x1, y1, x2, innerTop, colour);
      fill(x1, innerBottom, x2, y2, colour);
      fill(x1, innerTop, Math.min(x1 + thickness, x2), innerBottom, colour);
      fill(Math.max(x2 - thickness, x1), innerTop, x2, innerBottom, colour);
    },
    text(x, y, text, scale, luma) {
      for (let i = 0, left = x; i < text.length && left < width; i++, left += GLYPH_ADVANCE * scale) {
        for (const [row, from, to] of glyphInk(text.charAt(i), scale)) {
          if (y + row < 0 || y + row >= height) continue;
          const start = (y + row) * width;
          const end = start + Math.min(left + to, width);
          for (let at = start + Math.max(left + from, 0); at < end; at++) pixels[at] = luma;
        }
      }
    },
  };
}
