import type { FrameInfo } from '../../models/domain/frame';
import type { OccupancyFinding } from '../../models/domain/track';

export interface OccupancyOptions {
  readonly zone: string;
  /** Event time of one summary, a whole number of milliseconds; absent: none. */
  readonly intervalMs?: number | undefined;
  /** What was told last, by an earlier run. Default 0. */
  readonly toldCount?: number;
}

/** How many objects are in a zone, over time. */
export interface Occupancy {
  /** A frame in which so many are inside. */
  update(count: number, frame: FrameInfo): readonly OccupancyFinding[];
  /** A frame for which the rule is off: nobody counts, and how many are there is not known. */
  pause(frame: FrameInfo): readonly OccupancyFinding[];
  /** What is known of the interval under way, at the end. */
  flush(frame: FrameInfo): readonly OccupancyFinding[];
}

/** A longer time between two looks is not known of: an outage. */
const MOST_GAP_MS = 10_000;

interface Interval {
  readonly fromMs: number;
  observedMs: number;
  sum: number;
  min: number;
  max: number;
}

/**
 * Tells changes of a count, and its least, most and mean (over time) of each interval of which anything is known. Throws a
 * RangeError for an interval that is no whole number above 0.
 */
export function createOccupancy({ zone, intervalMs, toldCount = 0 }: OccupancyOptions): Occupancy {
  // The multiples of another one are rounded, and time would not get past one that is rounded up.
  if (intervalMs !== undefined && !(Number.isSafeInteger(intervalMs) && intervalMs > 0))
    throw new RangeError(`createOccupancy: expected intervalMs as a whole number above 0, got ${intervalMs}`);
  let told = toldCount;
  let last: { readonly atMs: number; readonly count: number } | undefined;
  let interval: Interval | undefined;

  function close(frame: FrameInfo): OccupancyFinding[] {
    const closed = interval;
    interval = undefined;
    if (closed === undefined || intervalMs === undefined || closed.observedMs <= 0) return [];
    const { fromMs, observedMs, sum, min, max } = closed;
    const mean = sum / observedMs;
    const toMs = fromMs + intervalMs;
    return [{ type: 'occupancy.summary', zone, frame, fromMs, toMs, observedMs, min, max, mean }];
  }

  function changed(count: number, frame: FrameInfo): OccupancyFinding[] {
    if (count === told) return [];
    told = count;
    return [{ type: 'occupancy.changed', zone, count, frame }];
  }

  /** `count` were inside from one time to another. */
  function add(
    count: number,
    fromMs: number,
    toMs: number,
    length: number,
    frame: FrameInfo,
  ): OccupancyFinding[] {
    const findings: OccupancyFinding[] = [];
    let at = fromMs;
    while (at < toMs) {
      const begin = Math.floor(at / length) * length;
      if (interval?.fromMs !== begin) {
        findings.push(...close(frame));
        interval = { fromMs: begin, observedMs: 0, sum: 0, min: count, max: count };
      }
      const until = Math.min(toMs, begin + length);
      interval.observedMs += until - at;
      interval.sum += count * (until - at);
      interval.min = Math.min(interval.min, count);
      interval.max = Math.max(interval.max, count);
      at = until;
      if (at === begin + length) findings.push(...close(frame));
    }
    return findings;
  }

  return {
    update(count, frame) {
      const { atMs } = frame;
      const findings: OccupancyFinding[] = [];
      if (intervalMs !== undefined && last !== undefined) {
        const gapMs = atMs - last.atMs;
        if (gapMs > 0 && gapMs <= MOST_GAP_MS)
          findings.push(...add(last.count, last.atMs, atMs, intervalMs, frame));
      }
      last = { atMs, count };
      return [...findings, ...changed(count, frame)];
    },
    pause(frame) {
      last = undefined;
      const isOver =
        interval !== undefined && intervalMs !== undefined && frame.atMs >= interval.fromMs + intervalMs;
      return [...(isOver ? close(frame) : []), ...changed(0, frame)];
    },
    flush: close,
  };
}
