import type { MotionChange } from './motion-model';

export interface LookPolicyOptions {
  /** After the last motion, frames are looked at for so long (stream time). */
  readonly holdMs: number;
  /** Without motion, a frame is looked at so long after the last that was (stream time). */
  readonly everyMs: number;
}

/** Decides which frames of one segment are looked at whatever the tracker says. */
export interface LookPolicy {
  /** True when the frame of this stream time, which shows this change, is to be looked at. */
  isDue(ptsMs: number, change: MotionChange): boolean;
  /** True when a frame would be due although nothing changed in it. */
  isOverdue(ptsMs: number): boolean;
  /** A frame is being looked at. */
  looking(ptsMs: number): void;
  /** Nobody could look at this frame: unless a later one is looked at already, the next is to be in its place. */
  missed(ptsMs: number): void;
}

/** A policy for a new segment: its first frame is due. */
export function createLookPolicy({ holdMs, everyMs }: LookPolicyOptions): LookPolicy {
  let lastMotionMs = -Infinity;
  let lastLookMs = -Infinity;

  const isOverdue = (ptsMs: number) => ptsMs - lastMotionMs <= holdMs || ptsMs - lastLookMs >= everyMs;

  return {
    isDue(ptsMs, change) {
      if (change === 'motion') lastMotionMs = ptsMs;
      return change !== 'still' || isOverdue(ptsMs);
    },
    isOverdue,
    looking(ptsMs) {
      lastLookMs = ptsMs;
    },
    missed(ptsMs) {
      if (lastLookMs === ptsMs) lastLookMs = -Infinity;
    },
  };
}
