import type { Size } from '../../models/domain/geometry';
import { PipelineError, toError } from '../../models/domain/errors';
import { i420ByteLength } from './i420-painter';

/** Makes a JPEG of an I420 picture (BT.601, limited range); `quality` 1 to 100. Rejects with an Error. */
export type JpegEncoder = (pixels: Uint8Array, size: Size, quality: number) => Promise<Uint8Array>;

/**
 * Loads the encoder: libvips, which works on threads of its own and of a few milliseconds. An FFmpeg for each picture would take
 * some fifty. Loaded when it is needed, since it is 18 MB. Rejects with PipelineError `sink` where its package is missing.
 */
export async function createJpegEncoder(): Promise<JpegEncoder> {
  const { default: sharp } = await import('sharp').catch((error: unknown) => {
    throw new PipelineError('sink', `snapshots: expected the package sharp, got: ${firstLine(error)}`, {
      cause: error,
    });
  });
  // Pictures are small, and none comes twice.
  sharp.cache(false);
  sharp.concurrency(1);
  return async (pixels, size, quality) => {
    const raw = { ...size, channels: 3 } as const;
    return sharp(i420ToRgb(pixels, size), { raw }).jpeg({ quality }).toBuffer();
  };
}

const firstLine = (error: unknown) => toError(error).message.split('\n', 1)[0];

/** RGB of 8 bits, full range, of an I420 picture in BT.601, limited range. */
export function i420ToRgb(pixels: Uint8Array, size: Size): Uint8ClampedArray {
  const { width, height } = size;
  const expected = i420ByteLength(size);
  if (pixels.length !== expected) {
    throw new RangeError(`JPEG of ${width}x${height}: expected ${expected} bytes, got ${pixels.length}`);
  }
  const chromaWidth = Math.ceil(width / 2);
  const uStart = width * height;
  const vStart = uStart + chromaWidth * Math.ceil(height / 2);
  // The array clamps and rounds by itself.
  const rgb = new Uint8ClampedArray(width * height * 3);
  let at = 0;
  for (let y = 0; y < height; y++) {
    const chromaRow = (y >> 1) * chromaWidth;
    for (let x = 0; x < width; x++) {
      const luma = 1.164383 * (pixels[y * width + x]! - 16);
      const u = pixels[uStart + chromaRow + (x >> 1)]! - 128;
      const v = pixels[vStart + chromaRow + (x >> 1)]! - 128;
      rgb[at++] = luma + 1.596027 * v;
      rgb[at++] = luma - 0.391762 * u - 0.812968 * v;
      rgb[at++] = luma + 2.017232 * u;
    }
  }
  return rgb;
}
