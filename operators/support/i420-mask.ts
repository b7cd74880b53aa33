import type { Size } from '../../models/domain/geometry';
import type { Polygon } from '../../models/domain/polygon';
import { i420ByteLength } from './i420-painter';
import { coveredRanges } from './polygon-raster';

const BLACK_LUMA = 16;
const NEUTRAL_CHROMA = 128;
/** Below this width a loop is faster than the call of TypedArray.fill (Node 20, x86-64). */
const SHORTEST_FILL = 32;

export interface I420MaskOptions {
  /** What is blacked out, in fractions of the content. */
  readonly polygons: readonly Polygon[];
  /** Size of the whole buffer. */
  readonly buffer: Size;
  /** Size of the picture in its top left; beyond it, in its padding, nothing but the margin is painted. */
  readonly content: Size;
  /** Samples of each plane, beyond those touched, that hold something of what lies within, across and down. */
  readonly margin: readonly [x: number, y: number];
}

/** Blacks out the same parts of each picture of one size, in place. Throws a RangeError for bytes of another size. */
export type I420Mask = (pixels: Uint8Array) => void;

/** Works out once which samples of the planes Y, U and V polygons touch. */
export function createI420Mask({ polygons, buffer, content, margin }: I420MaskOptions): I420Mask {
  const luma = coveredRanges(polygons, {
    columns: buffer.width,
    rows: buffer.height,
    stride: buffer.width,
    unit: [content.width, content.height],
    margin,
  });
  const chromaStride = Math.ceil(buffer.width / 2);
  const chroma = coveredRanges(polygons, {
    columns: chromaStride,
    rows: Math.ceil(buffer.height / 2),
    stride: chromaStride,
    unit: [content.width / 2, content.height / 2],
    margin,
  });
  const uStart = buffer.width * buffer.height;
  const vStart = uStart + chromaStride * Math.ceil(buffer.height / 2);
  const byteLength = i420ByteLength(buffer);

  return (pixels) => {
    if (pixels.length !== byteLength) {
      throw new RangeError(
        `I420 picture of ${buffer.width}x${buffer.height}: expected ${byteLength} bytes, got ${pixels.length}`,
      );
    }
    fillRanges(pixels, 0, luma, BLACK_LUMA);
    fillRanges(pixels, uStart, chroma, NEUTRAL_CHROMA);
    fillRanges(pixels, vStart, chroma, NEUTRAL_CHROMA);
  };
}

function fillRanges(pixels: Uint8Array, start: number, ranges: Uint32Array, value: number): void {
  for (let index = 0; index < ranges.length; index += 2) {
    const from = start + ranges[index]!;
    const to = start + ranges[index + 1]!;
    if (to - from >= SHORTEST_FILL) pixels.fill(value, from, to);
    else for (let at = from; at < to; at++) pixels[at] = value;
  }
}
