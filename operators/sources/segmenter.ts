import type { Segment, SourceMode } from '../../models/domain/frame';
import type { Size } from '../../models/domain/geometry';

export interface SegmenterOptions {
  readonly mode: SourceMode;
  /** The epoch of the first segment. */
  readonly firstEpoch: number;
  /** Longest gap over which open tracks may go on, in milliseconds. */
  readonly resumeWindowMs: number;
  /** Live: where an earlier run of the camera ended; `arrivedMs` in this run's monotonic time. Default: there was none. */
  readonly resume?: { readonly size: Size; readonly arrivedMs: number } | undefined;
}

/** What a frame is judged by. */
export interface SegmentSample {
  readonly ptsMs: number;
  readonly size: Size;
  /** Monotonic arrival time in milliseconds. */
  readonly arrivedMs: number;
}

export interface Segmenter {
  /** The segment of the next frame; a new object when one begins. */
  next(sample: SegmentSample): Segment;
  /** The decoder was started anew: the next frame begins a segment. `canResume` is false when its content has no relation. */
  restart(canResume: boolean): void;
}

const MIN_GAP_MS = 2000;
const GAP_INTERVALS = 10;
/** Weight of the newest step in the running interval. */
const INTERVAL_WEIGHT = 0.1;

/**
 * Cuts a camera's stream into segments: at decoder start, at a pts step outside (0, max(2 s, 10 intervals)], and when the
 * picture changes size.
 *
 * The gap that decides on resuming is wall time for a live source, whose pts may restart anywhere, and stream time for a
 * recorded one, so that the result does not depend on this machine's speed; a backward step there has no length.
 */
export function createSegmenter({ mode, firstEpoch, resumeWindowMs, resume }: SegmenterOptions): Segmenter {
  let segment: Segment | undefined;
  let last: SegmentSample | undefined;
  let intervalMs = 0;
  let isRestarted = false;
  let isRelated = true;

  function isContinuous(stepMs: number): boolean {
    return stepMs > 0 && stepMs <= Math.max(MIN_GAP_MS, GAP_INTERVALS * intervalMs);
  }

  function begin(sample: SegmentSample): Segment {
    if (segment === undefined || last === undefined) {
      const isResumed =
        resume !== undefined && isRelated && canResume(sample, resume, sample.arrivedMs - resume.arrivedMs);
      return { epoch: firstEpoch, isResumed };
    }
    const stepMs = sample.ptsMs - last.ptsMs;
    const recordedGapMs = stepMs > 0 && !isRestarted ? stepMs : Infinity;
    const gapMs = mode === 'live' ? sample.arrivedMs - last.arrivedMs : recordedGapMs;
    return {
      epoch: segment.epoch + 1,
      isResumed: isRelated && canResume(sample, last, gapMs),
    };
  }

  function canResume({ size }: SegmentSample, before: { readonly size: Size }, gapMs: number): boolean {
    return isSameSize(size, before.size) && gapMs <= resumeWindowMs;
  }

  return {
    next(sample) {
      const stepMs = last === undefined ? 0 : sample.ptsMs - last.ptsMs;
      if (
        segment === undefined ||
        isRestarted ||
        !isContinuous(stepMs) ||
        !isSameSize(sample.size, last!.size)
      ) {
        segment = begin(sample);
        intervalMs = 0;
      } else {
        intervalMs = intervalMs === 0 ? stepMs : intervalMs + (stepMs - intervalMs) * INTERVAL_WEIGHT;
      }
      last = sample;
      isRestarted = false;
      isRelated = true;
      return segment;
    },
    restart(canResume) {
      isRestarted = true;
      isRelated = canResume;
    },
  };
}

function isSameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}
