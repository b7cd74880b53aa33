const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 1000;

/** Delay before the n-th attempt to connect again, from 1. Growing, but short: events wait for it. */
export function retryDelayMs(attempt: number): number {
  return Math.min(RETRY_MIN_MS * 2 ** Math.min(attempt - 1, 10), RETRY_MAX_MS);
}
