/** How one look at the stream follows the one before. */
export interface Look {
  /** Stream time since the last look; 0 at the first. */
  readonly elapsedMs: number;
  /** The part of it that this look vouches for; in the rest nobody knows what happened. */
  readonly lookedMs: number;
}

/** Knows how often frames are looked at, so that a blind stretch can be told from a slow stream. */
export interface Pace {
  look(ptsMs: number): Look;
  /** A frame that was not worth a look: the next look follows it in time, but vouches for none of the time before it. */
  pass(ptsMs: number): void;
  /** Smoothed stream time between looks. */
  intervalMs(): number;
  /** Moves the clock, as if all looks so far had been `byMs` later. */
  shift(byMs: number): void;
  /** Goes on from a look that somebody else had, at a usual rate. */
  resume(ptsMs: number): void;
  reset(): void;
}

/** Before the second look: a camera's usual 10 frames a second. */
const FIRST_INTERVAL_MS = 100;
/** Intervals a look vouches for; longer steps are in part blind. */
const INTERVALS_VOUCHED_FOR = 3;
const SMOOTHING = 0.25;

/** A pace that follows lasting changes of rate within some ten looks. */
export function createPace(): Pace {
  let lastPtsMs: number | undefined;
  let intervalMs: number | undefined;
  /** Between the last look and the last frame that was passed. */
  let passedMs = 0;

  /** Stream time since the last frame. */
  function step(ptsMs: number): number {
    // Within a segment pts grow; a caller that breaks this gets frames without duration, not NaN.
    const isLater = Number.isFinite(ptsMs) && (lastPtsMs === undefined || ptsMs > lastPtsMs);
    const stepMs = isLater && lastPtsMs !== undefined ? ptsMs - lastPtsMs : 0;
    if (isLater) lastPtsMs = ptsMs;
    return stepMs;
  }

  return {
    look(ptsMs) {
      const stepMs = step(ptsMs);
      if (stepMs === 0) return { elapsedMs: 0, lookedMs: 0 };
      const elapsedMs = passedMs + stepMs;
      passedMs = 0;
      intervalMs ??= stepMs;
      const lookedMs = Math.min(stepMs, INTERVALS_VOUCHED_FOR * intervalMs);
      intervalMs += SMOOTHING * (lookedMs - intervalMs);
      return { elapsedMs, lookedMs };
    },
    pass(ptsMs) {
      if (lastPtsMs !== undefined) passedMs += step(ptsMs);
    },
    intervalMs: () => intervalMs ?? FIRST_INTERVAL_MS,
    shift(byMs) {
      if (lastPtsMs !== undefined) lastPtsMs += byMs;
    },
    resume(ptsMs) {
      lastPtsMs = ptsMs;
      intervalMs = FIRST_INTERVAL_MS;
      passedMs = 0;
    },
    reset() {
      lastPtsMs = undefined;
      intervalMs = undefined;
      passedMs = 0;
    },
  };
}
