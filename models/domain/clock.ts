/** Time from outside, so that tests can hold it still. */
export interface Clock {
  /** Wall time in milliseconds since 1970. */
  nowMs(): number;
  /** Milliseconds from some fixed point; never steps back. */
  monotonicMs(): number;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
