/** SIGHUP is a terminal or ssh session that went away. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Wrappers such as `timeout` signal their child, and then the group that it is in. */
const SAME_REQUEST_MS = 25;

/** Runs while a command can be stopped in good order. */
export interface StopSignals {
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Lets go of the signals. */
  release(): void;
}

/**
 * The first Ctrl-C (or SIGTERM, SIGHUP) asks for a stop in good order; the second ends the process at once with exit code 1.
 */
export function catchStopSignals(say: (text: string) => void): StopSignals {
  const controller = new AbortController();
  let askedMs = -Infinity;
  const onSignal = () => {
    const nowMs = performance.now();
    if (nowMs - askedMs < SAME_REQUEST_MS) return;
    askedMs = nowMs;
    if (controller.signal.aborted) {
      say('stopped at once: what was not written is lost');
      process.exit(1);
    }
    say('stopping: finishing what was begun; press Ctrl-C again to stop at once');
    controller.abort();
  };
  for (const name of STOP_SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    release() {
      for (const name of STOP_SIGNALS) process.off(name, onSignal);
    },
  };
}
