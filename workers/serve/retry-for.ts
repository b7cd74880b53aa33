import { setTimeout as delay } from 'node:timers/promises';

/** Longest that a command to a Redis that is away is tried again. */
export const REDIS_RETRY_MS = 5000;

const RETRY_DELAY_MS = 100;

/** Calls `attempt` until it resolves; rejects with its latest error when it has not within `ms`. */
export async function retryFor<T>(ms: number, attempt: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + ms;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() + RETRY_DELAY_MS > endMs) throw error;
      await delay(RETRY_DELAY_MS);
    }
  }
}
