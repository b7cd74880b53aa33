/** Estimates when live frames were captured. */
export interface CaptureClock {
  /** Time of capture of a frame with these pts that arrived at this time, both by a clock that is never set. */
  capturedAtMs(ptsMs: number, arrivedAtMs: number): number;
  /**
   * By how much the camera's clock has moved against this host's since the last time this told it, when that is more than a
   * second; positive: the camera's is slow. Undefined otherwise.
   */
  takeDriftMs(): number | undefined;
  /** Pts start anew. */
  reset(): void;
}

interface Offset {
  readonly ptsMs: number;
  readonly offsetMs: number;
}

/** Frames in the window at most: one minute at 60 fps keeps its minima in far fewer. */
const MAX_KEPT = 1024;
/** What a server sends first it may have kept for a while: the offset settles in so much stream time. */
const SETTLE_MS = 10_000;
const DRIFT_MS = 1000;

/**
 * Capture time = pts + the smallest (arrival - pts) of the last `windowMs` of stream time. The smallest is the frame that
 * waited least on its way; a sliding window lets the estimate follow a camera whose clock drifts.
 */
export function createCaptureClock({ windowMs = 60_000 } = {}): CaptureClock {
  // Offsets grow from front to back, so the front is the minimum of the window.
  let minima: Offset[] = [];
  let firstPtsMs: number | undefined;
  let latestPtsMs = 0;
  let settledMs: number | undefined;
  return {
    capturedAtMs(ptsMs, arrivedAtMs) {
      firstPtsMs ??= ptsMs;
      latestPtsMs = ptsMs;
      const offsetMs = arrivedAtMs - ptsMs;
      while (minima.length > 0 && minima.at(-1)!.offsetMs >= offsetMs) minima.pop();
      minima.push({ ptsMs, offsetMs });
      while (minima[0]!.ptsMs < ptsMs - windowMs || minima.length > MAX_KEPT) minima.shift();
      return ptsMs + minima[0]!.offsetMs;
    },
    takeDriftMs() {
      const [least] = minima;
      if (least === undefined || firstPtsMs === undefined || latestPtsMs - firstPtsMs < SETTLE_MS)
        return undefined;
      settledMs ??= least.offsetMs;
      const driftMs = least.offsetMs - settledMs;
      if (Math.abs(driftMs) <= DRIFT_MS) return undefined;
      settledMs = least.offsetMs;
      return driftMs;
    },
    reset() {
      minima = [];
      firstPtsMs = undefined;
      settledMs = undefined;
    },
  };
}
