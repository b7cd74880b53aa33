const IDLE_CHECK_MS = 250;

/** Calls `onIdle` once, when the count has stood still for `idleMs()`; the function returned ends the watch. */
export function whenIdle(count: () => number, idleMs: () => number, onIdle: () => void): () => void {
  let last = count();
  let stillMs = 0;
  const timer = setInterval(() => {
    const now = count();
    stillMs = now === last ? stillMs + IDLE_CHECK_MS : 0;
    last = now;
    if (stillMs < idleMs()) return;
    clearInterval(timer);
    onIdle();
  }, IDLE_CHECK_MS);
  return () => clearInterval(timer);
}
