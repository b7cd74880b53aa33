import type { FrameLease } from '../../models/domain/frame';

/** Buffers of one size that are used again. */
export interface PixelBuffers {
  /** A buffer with one holder; it goes back when the last has released it. */
  take(): FrameLease;
}

/** Keeps at most `maxFree` buffers that nobody holds; how many are held is the caller's to bound. */
export function createPixelBuffers(bytes: number, maxFree: number): PixelBuffers {
  const free: Uint8Array[] = [];
  return {
    take() {
      const pixels = free.pop() ?? new Uint8Array(bytes);
      let holders = 1;
      return {
        pixels,
        retain() {
          holders++;
        },
        release() {
          if (--holders === 0 && free.length < maxFree) free.push(pixels);
        },
      };
    },
  };
}

/** A lease of pixels that nobody else uses: the garbage collector takes them. */
export function leaseOf(pixels: Uint8Array): FrameLease {
  return { pixels, retain: () => undefined, release: () => undefined };
}
