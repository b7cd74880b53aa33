import type { FrameInfo } from '../../models/domain/frame';

/** Places the frames of all segments on one time line that begins at 0 and only grows. */
export interface OutputClock {
  /** The frame's time in ticks; call it once for each frame, in order. */
  next(frame: Pick<FrameInfo, 'ptsMs' | 'segment'>): number;
}

/** The interval assumed between a segment of a single frame and the next segment. */
const DEFAULT_INTERVAL_MS = 40;

/**
 * Within a segment the distances of pts are kept. A new segment (or a pts that does not grow) follows one frame interval
 * after the frame before: an outage takes no time.
 */
export function createOutputClock(ticksPerMs: number): OutputClock {
  let last: { ptsMs: number; outMs: number; ticks: number; epoch: number } | undefined;
  let offsetMs = 0;
  let intervalMs = DEFAULT_INTERVAL_MS;
  return {
    next({ ptsMs, segment: { epoch } }) {
      if (last === undefined) offsetMs = -ptsMs;
      else if (epoch !== last.epoch || ptsMs <= last.ptsMs) offsetMs = last.outMs + intervalMs - ptsMs;
      else intervalMs = ptsMs - last.ptsMs;
      const outMs = ptsMs + offsetMs;
      const ticks = Math.max(Math.round(outMs * ticksPerMs), last === undefined ? 0 : last.ticks + 1);
      last = { ptsMs, outMs, ticks, epoch };
      return ticks;
    },
  };
}
