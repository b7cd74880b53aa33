/** Runs while a command can be stopped in good order. */
export interface StopSignals {
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Lets go of the signals. */
  release(): void;
}

/**
 * The first Ctrl-C (or SIGTERM) asks for a stop in good order; the second ends the process at once with exit code 1.
 */
export function catchStopSignals(say: (text: string) => void): StopSignals {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) {
      say('stopped at once: what was not written is lost');
      process.exit(1);
    }
    say('stopping: finishing what was begun; press Ctrl-C again to stop at once');
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    release() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
