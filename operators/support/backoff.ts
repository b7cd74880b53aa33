import type { ErrorCode } from '../../models/domain/errors';

export interface BackoffOptions {
  /** Upper bound of the first delay; doubles with each failure in a row. */
  readonly firstMs: number;
  /** Upper bound of any delay. */
  readonly maxMs: number;
  /** Least delay after wrong credentials: cameras lock accounts that are tried too often. */
  readonly authMs: number;
  /** 0 to 1, uniformly. */
  readonly random: () => number;
}

export interface Backoff {
  /** Milliseconds to wait after this failure. */
  nextMs(code: ErrorCode): number;
  /** It worked again: start over with short delays. */
  reset(): void;
}

/** Delays of a camera's reconnects unless told otherwise. */
export const DEFAULT_BACKOFF: BackoffOptions = {
  firstMs: 1000,
  maxMs: 30_000,
  authMs: 60_000,
  random: Math.random,
};

/**
 * Exponential backoff with full jitter (a delay anywhere between 0 and the bound), so that cameras which failed together
 * do not all come back in the same second.
 */
export function createBackoff({ firstMs, maxMs, authMs, random }: BackoffOptions): Backoff {
  if (!(firstMs > 0 && maxMs >= firstMs)) {
    throw new RangeError(`backoff: expected 0 < firstMs <= maxMs, got ${firstMs} and ${maxMs}`);
  }
  let failures = 0;
  return {
    nextMs(code) {
      const boundMs = Math.min(maxMs, firstMs * 2 ** Math.min(failures, 30));
      failures++;
      return code === 'auth' ? authMs + random() * boundMs : random() * boundMs;
    },
    reset() {
      failures = 0;
    },
  };
}
