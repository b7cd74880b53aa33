/** Estimates when live frames were captured. */
export interface CaptureClock {
  /** Time of capture of a frame with these pts that arrived at this time, both by a clock that is never set. */
  capturedAtMs(ptsMs: number, arrivedAtMs: number): number;
  /**
   * By how much the camera's clock has moved against this host's since the last time this told it, when that is more than a
   * second; positive: the camera's is slow. Undefined otherwise.
   */
  takeDriftMs(): number | undefined;
  /** From a drift that was told until the clock has been steady for long, against how fast it drifted. */
  readonly isDrifting: boolean;
  /** Pts start anew. */
  reset(): void;
}

interface Offset {
  readonly ptsMs: number;
  readonly offsetMs: number;
}

/** Stream time of which the frame that waited least stands for all, where a loss is looked for. */
const BUCKET_MS = 1000;
/** A shorter stretch tells nothing of a loss. */
const LEAST_SPAN_MS = 5000;
/** A camera whose clock loses more than this part of its time is not followed all the way. */
const MAX_LOSS = 0.1;
/** Frames in the window at most: one minute at 60 fps keeps its minima in far fewer. */
const MAX_KEPT = 1024;
/** What a server sends first it may have kept for a while: the offset settles in so much stream time. */
const SETTLE_MS = 10_000;
const DRIFT_MS = 1000;
/** A clock is steady again when it has not drifted for so many times what it last took to drift, within these bounds. */
const STEADY_INTERVALS = 2;
const LEAST_STEADY_MS = 30_000;
const MOST_STEADY_MS = 30 * 60_000;

/**
 * Capture time = pts + the smallest (arrival - pts) of the last `windowMs` of stream time. The smallest is the frame that
 * waited least on its way; a sliding window lets the estimate follow a camera whose clock drifts.
 *
 * Cheap cameras count a picture as 1/25 s and send 24 of them a second: at the end of such a window all would be late by
 * seconds. What a clock loses so is found as the slope of the line below all offsets (`lossOf`) and taken out first.
 */
export function createCaptureClock({ windowMs = 60_000 } = {}): CaptureClock {
  // Offsets grow from front to back, so the front is the minimum of the window.
  let minima: Offset[] = [];
  /** The smallest offset of each bucket of the window. */
  let buckets: Offset[] = [];
  let loss = 0;
  let firstPtsMs: number | undefined;
  let latestPtsMs = 0;
  let settledMs: number | undefined;
  /** When the clock settled, or its drift was last told. */
  let settledPtsMs = 0;
  let steadyPtsMs = -Infinity;

  function intoBuckets(next: Offset): void {
    const last = buckets.at(-1);
    if (last === undefined || bucketOf(next) > bucketOf(last)) {
      loss = latestPtsMs - firstPtsMs! < LEAST_SPAN_MS ? 0 : lossOf(buckets);
      buckets.push(next);
      while (buckets[0]!.ptsMs < next.ptsMs - windowMs || buckets.length > MAX_KEPT) buckets.shift();
    } else if (next.offsetMs < last.offsetMs) {
      buckets[buckets.length - 1] = next;
    }
  }

  function leastOffsetMs(ptsMs: number): number {
    if (loss === 0) return minima[0]!.offsetMs;
    return buckets.reduce(
      (least, bucket) => Math.min(least, bucket.offsetMs + loss * (ptsMs - bucket.ptsMs)),
      Infinity,
    );
  }

  return {
    capturedAtMs(ptsMs, arrivedAtMs) {
      firstPtsMs ??= ptsMs;
      latestPtsMs = ptsMs;
      const next = { ptsMs, offsetMs: arrivedAtMs - ptsMs };
      while (minima.length > 0 && minima.at(-1)!.offsetMs >= next.offsetMs) minima.pop();
      minima.push(next);
      while (minima[0]!.ptsMs < ptsMs - windowMs || minima.length > MAX_KEPT) minima.shift();
      intoBuckets(next);
      return ptsMs + Math.min(next.offsetMs, leastOffsetMs(ptsMs));
    },
    takeDriftMs() {
      const [least] = minima;
      if (least === undefined || firstPtsMs === undefined || latestPtsMs - firstPtsMs < SETTLE_MS)
        return undefined;
      if (settledMs === undefined) {
        settledMs = least.offsetMs;
        settledPtsMs = latestPtsMs;
      }
      const driftMs = least.offsetMs - settledMs;
      if (Math.abs(driftMs) <= DRIFT_MS) return undefined;
      const tookMs = latestPtsMs - settledPtsMs;
      steadyPtsMs =
        latestPtsMs + Math.min(MOST_STEADY_MS, Math.max(LEAST_STEADY_MS, STEADY_INTERVALS * tookMs));
      settledMs = least.offsetMs;
      settledPtsMs = latestPtsMs;
      return driftMs;
    },
    get isDrifting() {
      return latestPtsMs < steadyPtsMs;
    },
    reset() {
      minima = [];
      buckets = [];
      loss = 0;
      firstPtsMs = undefined;
      settledMs = undefined;
      steadyPtsMs = -Infinity;
    },
  };
}

const bucketOf = ({ ptsMs }: Offset) => Math.floor(ptsMs / BUCKET_MS);

const slope = (from: Offset, to: Offset) => (to.offsetMs - from.offsetMs) / (to.ptsMs - from.ptsMs);

/**
 * What a clock loses of each millisecond, 0 to `MAX_LOSS`: the slope of the line that lies below all offsets and as near to
 * them as can be, which is the edge of their lower hull over the mean of their pts (Zhang, Liu and Xia, Clock
 * synchronization algorithms for network measurements, 2002). Pictures that waited lie above it and do not sway it.
 */
function lossOf(offsets: readonly Offset[]): number {
  const hull: Offset[] = [];
  for (const offset of offsets) {
    while (hull.length > 1 && slope(hull.at(-2)!, offset) <= slope(hull.at(-2)!, hull.at(-1)!)) hull.pop();
    hull.push(offset);
  }
  const meanMs = offsets.reduce((sum, { ptsMs }) => sum + ptsMs, 0) / offsets.length;
  const right = hull.findIndex(({ ptsMs }) => ptsMs > meanMs);
  return right < 1 ? 0 : Math.min(MAX_LOSS, Math.max(0, slope(hull[right - 1]!, hull[right]!)));
}
