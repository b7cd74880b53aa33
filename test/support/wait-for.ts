import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;

export interface WaitForOptions {
  /** Gives up after this long; default 30 000. */
  readonly timeoutMs?: number;
  /** Completes the sentence "waited for …". */
  readonly what: string;
}

/**
 * Polls until the condition gives something truthy, and gives it back. A condition that throws counts as not yet met:
 * its last error becomes the cause of the rejection.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 30_000, what }: WaitForOptions,
): Promise<Exclude<T, false | null | undefined | 0 | ''>> {
  const endMs = performance.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      const value = await condition();
      if (value) return value as Exclude<T, false | null | undefined | 0 | ''>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await delay(POLL_MS);
  } while (performance.now() < endMs);
  throw new Error(`waitFor: waited ${timeoutMs} ms for ${what}`, { cause });
}
