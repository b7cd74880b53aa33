/** One question for the time and its answer, on the monotonic clock of whoever asked. */
export interface OffsetSample {
  /** Server time less monotonic time at the middle of the round trip. */
  readonly offsetMs: number;
  readonly roundTripMs: number;
  /** When the answer came. */
  readonly atMs: number;
}

/** The offset that the last samples agree on. */
export interface OffsetFilter {
  add(sample: OffsetSample): void;
  /** Undefined before the first sample; stays what it was while nothing comes in. */
  offsetMs(): number | undefined;
  /** The samples so far tell nothing of those to come; the offset stays until the next one. */
  forget(): void;
}

const KEPT = 8;

/** How fast two clocks may run apart: crystals stay below 0.0001, and NTP slews by up to 0.0005. */
const DRIFT = 0.0006;

/** Rounding, on both sides. */
const SLACK_MS = 0.5;

/**
 * Of the last eight samples the one with the least uncertainty counts: half its round trip, by which its offset may be
 * wrong at most (as in NTP's clock filter, RFC 5905 §10), and what clocks may have drifted since. A sample that cannot be true
 * together with that one tells that a clock was set: from then on it counts alone.
 */
export function createOffsetFilter(): OffsetFilter {
  let samples: readonly OffsetSample[] = [];
  let offsetMs: number | undefined;
  return {
    add(sample) {
      const uncertaintyMs = ({ roundTripMs, atMs }: OffsetSample) =>
        roundTripMs / 2 + (sample.atMs - atMs) * DRIFT + SLACK_MS;
      const isContradicted = samples.some(
        (other) => Math.abs(other.offsetMs - sample.offsetMs) > uncertaintyMs(other) + uncertaintyMs(sample),
      );
      samples = isContradicted ? [sample] : [...samples, sample].slice(-KEPT);
      const best = samples.reduce((a, b) => (uncertaintyMs(b) <= uncertaintyMs(a) ? b : a));
      offsetMs = best.offsetMs;
    },
    offsetMs: () => offsetMs,
    forget() {
      samples = [];
    },
  };
}
