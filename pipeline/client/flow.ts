/** How much one shard may have in flight. */
export interface Flow {
  /** Resolves with how many more may be read, at least 1; or with 0 when it was closed. */
  room(): Promise<number>;
  enter(): void;
  leave(): void;
  readonly inFlight: number;
  close(): void;
}

/** A count with a limit. One `room` at a time. */
export function createFlow(limit: number): Flow {
  let inFlight = 0;
  let isClosed = false;
  let wake: (() => void) | undefined;

  function woken(): void {
    wake?.();
    wake = undefined;
  }

  return {
    async room() {
      // What is dealt with in one turn makes room in one piece: many small reads would cost more than they bring.
      await new Promise(setImmediate);
      while (inFlight >= limit && !isClosed) await new Promise<void>((resolve) => (wake = resolve));
      return isClosed ? 0 : limit - inFlight;
    },
    enter() {
      inFlight++;
    },
    leave() {
      inFlight--;
      if (inFlight < limit) woken();
    },
    get inFlight() {
      return inFlight;
    },
    close() {
      isClosed = true;
      woken();
    },
  };
}
