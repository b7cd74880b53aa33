import type { Clock } from '../domain/clock';

/** The action, left out when it would come within `ms` of the last time. */
export function atMostEvery<T extends readonly unknown[]>(
  ms: number,
  clock: Clock,
  action: (...args: T) => void,
): (...args: T) => void {
  let lastMs = -Infinity;
  return (...args) => {
    const nowMs = clock.monotonicMs();
    if (nowMs - lastMs < ms) return;
    lastMs = nowMs;
    action(...args);
  };
}
