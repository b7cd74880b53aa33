import type { Box } from './geometry';

/** One object seen in one frame. */
export interface Detection {
  readonly label: string;
  /** Probability, 0 to 1. */
  readonly score: number;
  /** Pixels of the source picture, clipped to it. */
  readonly box: Box;
  /** Appearance, where the detector gives one; unit length. */
  readonly features?: Float32Array;
}
