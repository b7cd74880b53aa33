import type { SourceMode } from '../../models/domain/frame';
import type { FrameFact } from '../../operators/sources/stream-facts';
import { createSegmenter } from '../../operators/sources/segmenter';
import type { ProbedGop, ProbedTimes } from './result';

/** Pictures nearer to each other than this do not move in time: a backward jump of RTP shows as steps of 20 µs. */
const STANDING_MS = 0.1;
const GAP_INTERVALS = 3;
const MIN_GAP_MS = 200;
/** Less than this tells nothing of a clock, since pictures arrive in bursts. */
const MIN_DRIFT_SPAN_MS = 2000;

type TimedFrame = Pick<FrameFact, 'ptsMs' | 'arrivedMs' | 'size'>;

/** The steps between pictures that both have a pts, in milliseconds. */
function stepsOf(frames: readonly Pick<FrameFact, 'ptsMs'>[]): readonly number[] {
  const timed = frames.flatMap(({ ptsMs }) => ptsMs ?? []);
  return timed.slice(1).map((ptsMs, index) => ptsMs - timed[index]!);
}

/** What the pts of decoded pictures are like, in the order in which they came. */
export function measureTimes(frames: readonly TimedFrame[], mode: SourceMode): ProbedTimes {
  const steps = stepsOf(frames);
  const forward = steps.filter((step) => step >= STANDING_MS).sort((a, b) => a - b);
  const withoutPtsCount = frames.filter(({ ptsMs }) => ptsMs === undefined).length;
  const backwardCount = steps.filter((step) => step < 0).length;
  const standingCount = steps.length - forward.length - backwardCount;
  const isMonotonic = withoutPtsCount + backwardCount + standingCount === 0;
  const p50 = quantile(forward, 0.5);
  const gapMs = Math.max(MIN_GAP_MS, GAP_INTERVALS * (p50 ?? 0));
  const driftMs = mode === 'live' && isMonotonic ? measureDrift(frames) : undefined;
  return {
    isMonotonic,
    withoutPtsCount,
    backwardCount,
    standingCount,
    gapCount: forward.filter((step) => step > gapMs).length,
    epochCount: countEpochs(frames, mode),
    ...(p50 !== undefined && {
      intervalMs: { p5: quantile(forward, 0.05)!, p50, p95: quantile(forward, 0.95)!, max: forward.at(-1)! },
    }),
    ...(driftMs !== undefined && { driftMs }),
  };
}

/** Frames a second of stream time, gaps and backward steps left out; undefined for fewer than two pictures. */
export function measureFps(frames: readonly Pick<FrameFact, 'ptsMs'>[]): number | undefined {
  const forward = stepsOf(frames)
    .filter((step) => step >= STANDING_MS)
    .sort((a, b) => a - b);
  const p50 = quantile(forward, 0.5);
  if (p50 === undefined) return undefined;
  const gapMs = Math.max(MIN_GAP_MS, GAP_INTERVALS * p50);
  const steady = forward.filter((step) => step <= gapMs || step === p50);
  return (steady.length * 1000) / steady.reduce((sum, step) => sum + step, 0);
}

/** The longest whole group of pictures, or how long no second key frame came. */
export function measureGop(frames: readonly Pick<FrameFact, 'ptsMs' | 'isKey'>[]): ProbedGop {
  const keys = frames.flatMap(({ isKey }, index) => (isKey ? [index] : []));
  const gops = keys.slice(1).map((end, index) => {
    const group = frames.slice(keys[index], end + 1);
    return { frameCount: group.length - 1, ms: spanMs(group) };
  });
  const longest = gops.reduce<(typeof gops)[number] | undefined>(
    (best, gop) => (best === undefined || gop.frameCount > best.frameCount ? gop : best),
    undefined,
  );
  if (longest !== undefined) return { isMeasured: true, ...longest, gopCount: gops.length };
  return { isMeasured: false, longerThanMs: spanMs(frames.slice(keys[0] ?? 0)) };
}

/** Stream time from the first picture to the last, backward and senseless steps left out. */
export function spanMs(frames: readonly Pick<FrameFact, 'ptsMs'>[]): number {
  return stepsOf(frames).reduce((sum, step) => sum + Math.max(0, step), 0);
}

/**
 * By how much wall time ran ahead of pts between the first third and the last. The earliest arrival of each third counts:
 * a picture can be late, but none comes before it was taken.
 */
function measureDrift(frames: readonly TimedFrame[]): number | undefined {
  if (spanMs(frames) < MIN_DRIFT_SPAN_MS) return undefined;
  const delays = frames.flatMap(({ ptsMs, arrivedMs }) => (ptsMs === undefined ? [] : [arrivedMs - ptsMs]));
  const third = Math.floor(delays.length / 3);
  if (third === 0) return undefined;
  return least(delays.slice(-third)) - least(delays.slice(0, third));
}

function countEpochs(frames: readonly TimedFrame[], mode: SourceMode): number {
  const segmenter = createSegmenter({ mode, firstEpoch: 1, resumeWindowMs: 0 });
  let epoch = 0;
  for (const { ptsMs, size, arrivedMs } of frames) {
    if (ptsMs !== undefined) epoch = segmenter.next({ ptsMs, size, arrivedMs }).epoch;
  }
  return epoch;
}

/** Spread would put each of up to 100 000 values on the stack. */
const least = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b), Infinity);

/** The nearest rank of sorted values. */
function quantile(sorted: readonly number[], part: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)];
}
