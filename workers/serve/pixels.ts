import type { FrameInRing, FrameLease } from '../../models/domain/frame';

/** Pixels that a detector can have. */
export interface Pixels {
  readonly lease: FrameLease;
  /** Where they are instead, when the lease has none. */
  readonly inRing?: FrameInRing;
}

/** Pixels that nobody else uses: the garbage collector takes them. */
export function pixelsOf(pixels: Uint8Array): Pixels {
  return { lease: { pixels, retain: () => undefined, release: () => undefined } };
}

const NONE = new Uint8Array(0);

/** Pixels that stay where they are until an inference process reads them. */
export function pixelsInRing(inRing: FrameInRing): Pixels {
  return { ...pixelsOf(NONE), inRing };
}
