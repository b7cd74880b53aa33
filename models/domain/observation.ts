import type { Detection } from './detection';
import type { FrameInfo } from './frame';
import type { FailureCode } from './errors';

/** Why a frame was left out on purpose. */
export type DropReason =
  'superseded' | 'no_slot' | 'overwritten' | 'unreachable' | 'stopped' | 'gated' | 'thinned';

/** What became of a frame that a `DetectPort` accepted: settled exactly once. */
export type Outcome =
  | { readonly kind: 'detected'; readonly detections: readonly Detection[] }
  | { readonly kind: 'expired' }
  | { readonly kind: 'dropped'; readonly reason: DropReason }
  | { readonly kind: 'failed'; readonly code: FailureCode };

/** Why nobody looked at a frame. */
export type UnobservedReason = 'expired' | DropReason | FailureCode;

/**
 * What the tracker receives for every sampled frame, in order. "Nothing there" (no detections) and "did not look"
 * (`unobserved`) are different facts.
 */
export type Observation =
  | { readonly kind: 'observation'; readonly frame: FrameInfo; readonly detections: readonly Detection[] }
  | { readonly kind: 'observation'; readonly frame: FrameInfo; readonly unobserved: UnobservedReason };

/** The observation that an outcome stands for. */
export function toObservation(frame: FrameInfo, outcome: Outcome): Observation {
  switch (outcome.kind) {
    case 'detected':
      return { kind: 'observation', frame, detections: outcome.detections };
    case 'expired':
      return { kind: 'observation', frame, unobserved: 'expired' };
    case 'dropped':
      return { kind: 'observation', frame, unobserved: outcome.reason };
    case 'failed':
      return { kind: 'observation', frame, unobserved: outcome.code };
  }
}
