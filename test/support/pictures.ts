import type { Box, Size } from '../../models/domain/geometry';
import { i420ByteLength } from '../../operators/support/i420-painter';

/** An I420 picture of one luma for each pixel, without colour. */
export function greyPicture(size: Size, luma: (x: number, y: number) => number): Uint8Array {
  const pixels = new Uint8Array(i420ByteLength(size)).fill(128);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) pixels[y * size.width + x] = luma(x, y);
  }
  return pixels;
}

/** A flat picture with stripes of a contrast in a box: the wider they are, and the fainter, the less sharp. */
export function stripedBox(size: Size, [x1, y1, x2, y2]: Box, { contrast = 60, width = 2 } = {}): Uint8Array {
  return greyPicture(size, (x, y) => {
    const isInside = x >= x1 && x < x2 && y >= y1 && y < y2;
    return isInside && Math.floor(x / width) % 2 === 0 ? 100 + contrast : 100;
  });
}
