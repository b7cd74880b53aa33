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
  /** Smoothed stream time between looks. */
  intervalMs(): number;
  /** Moves the clock, as if all looks so far had been `byMs` later. */
  shift(byMs: number): void;
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

  return {
    look(ptsMs) {
      // Within a segment pts grow; a caller that breaks this gets frames without duration, not NaN.
      const isLater = Number.isFinite(ptsMs) && (lastPtsMs === undefined || ptsMs > lastPtsMs);
      const elapsedMs = isLater && lastPtsMs !== undefined ? ptsMs - lastPtsMs : 0;
      if (isLater) lastPtsMs = ptsMs;
      if (elapsedMs === 0) return { elapsedMs: 0, lookedMs: 0 };
      intervalMs ??= elapsedMs;
      const lookedMs = Math.min(elapsedMs, INTERVALS_VOUCHED_FOR * intervalMs);
      intervalMs += SMOOTHING * (lookedMs - intervalMs);
      return { elapsedMs, lookedMs };
    },
    intervalMs: () => intervalMs ?? FIRST_INTERVAL_MS,
    shift(byMs) {
      if (lastPtsMs !== undefined) lastPtsMs += byMs;
    },
    reset() {
      lastPtsMs = undefined;
      intervalMs = undefined;
    },
  };
}
