import { i420ByteLength } from './i420-painter';
import type { Size } from '../../models/domain/geometry';

const BLACK_LUMA = 16;
const NEUTRAL_CHROMA = 128;

/**
 * A copy of an I420 picture inside another size, its aspect kept, centred on black. Nearest neighbour: for the rare camera
 * that changes its size amid a video, not for every frame.
 */
export function fitI420(pixels: Uint8Array, from: Size, to: Size): Uint8Array {
  const result = new Uint8Array(i420ByteLength(to)).fill(NEUTRAL_CHROMA);
  result.fill(BLACK_LUMA, 0, to.width * to.height);
  const scale = Math.min(to.width / from.width, to.height / from.height);
  const width = Math.min(to.width, Math.max(1, Math.round(from.width * scale)));
  const height = Math.min(to.height, Math.max(1, Math.round(from.height * scale)));
  // A multiple of two, so that the chroma planes stay on the luma plane.
  const left = 2 * Math.floor((to.width - width) / 4);
  const top = 2 * Math.floor((to.height - height) / 4);

  copyPlane(0, from, 0, to, left, top, width, height);
  const fromHalf = half(from);
  const toHalf = half(to);
  for (const plane of [0, 1]) {
    const fromStart = from.width * from.height + plane * fromHalf.width * fromHalf.height;
    const toStart = to.width * to.height + plane * toHalf.width * toHalf.height;
    copyPlane(
      fromStart,
      fromHalf,
      toStart,
      toHalf,
      left / 2,
      top / 2,
      Math.ceil(width / 2),
      Math.ceil(height / 2),
    );
  }
  return result;

  function copyPlane(
    fromStart: number,
    source: Size,
    toStart: number,
    target: Size,
    x1: number,
    y1: number,
    columns: number,
    rows: number,
  ) {
    for (let y = 0; y < rows; y++) {
      const sourceRow = fromStart + Math.floor((y * source.height) / rows) * source.width;
      const targetRow = toStart + (y1 + y) * target.width + x1;
      for (let x = 0; x < columns; x++) {
        result[targetRow + x] = pixels[sourceRow + Math.floor((x * source.width) / columns)]!;
      }
    }
  }
}

function half({ width, height }: Size): Size {
  return { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
}
