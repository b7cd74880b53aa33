/**
 * As the promise, or with undefined when that takes longer than `ms` (`Infinity`: as long as it takes), or the signal is
 * aborted. What a promise that was not waited for gives is dropped, its error too.
 */
export function within<T>(promise: Promise<T>, ms: number, signal?: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = Number.isFinite(ms) ? setTimeout(giveUp, ms) : undefined;
    if (signal?.aborted === true) giveUp();
    else signal?.addEventListener('abort', giveUp, { once: true });
    promise.finally(letGo).then(resolve, reject);
    function giveUp(): void {
      letGo();
      resolve(undefined);
    }
    function letGo(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    }
  });
}

/** Resolves after the delay, or when the signal is aborted. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  await within(new Promise<never>(() => undefined), delayMs, signal);
}
