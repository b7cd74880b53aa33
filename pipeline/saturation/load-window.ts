import type { CameraId } from '../../models/domain/frame';
import type { LedgerEntry } from '../../models/domain/ledger';

/** What became of a camera's frames so far. */
export interface FrameCounts {
  /** Out of FFmpeg. */
  readonly received: number;
  /** To be looked at: without those that were left out on purpose. */
  readonly wanted: number;
  /** Of those, what nobody had time for. */
  readonly leftOut: number;
  readonly detected: number;
}

/** Counts of all live cameras at one time. */
export type LoadSample = ReadonlyMap<CameraId, FrameCounts>;

/** How much was left out over a while. */
export interface Load {
  /** Over all cameras, 0 to 1. */
  readonly share: number;
  /** The same without the camera of which most was left out; as `share` when there is only one. */
  readonly shareOfOthers: number;
  /** Frames a second, out of FFmpeg by camera, and looked at in all. */
  readonly receivedFps: ReadonlyMap<CameraId, number>;
  readonly detectedFps: number;
}

/** A window over the latest samples. Bounded: older ones go, and so do the oldest of too many. */
export interface LoadWindow {
  add(nowMs: number, sample: LoadSample): void;
  /** Undefined before there are two samples. */
  load(): Load | undefined;
  clear(): void;
}

const MAX_SAMPLES = 1024;

/** The counts of a ledger as this reads them. */
export function countsOf({ received, expired, dropped, detected }: LedgerEntry): FrameCounts {
  const of = (reason: string) => dropped[reason] ?? 0;
  return {
    received,
    wanted: received - of('thinned') - of('gated') - of('stopped'),
    leftOut: expired + of('superseded') + of('no_slot'),
    detected,
  };
}

/** An empty window of this length. */
export function createLoadWindow(windowMs: number): LoadWindow {
  let samples: { readonly atMs: number; readonly counts: LoadSample }[] = [];

  /** What was counted since the oldest sample that knows the camera. */
  function since(id: CameraId, now: FrameCounts): FrameCounts {
    const from = samples.find(({ counts }) => counts.has(id))!.counts.get(id)!;
    return {
      received: now.received - from.received,
      wanted: Math.max(0, now.wanted - from.wanted),
      leftOut: now.leftOut - from.leftOut,
      detected: now.detected - from.detected,
    };
  }

  return {
    add(nowMs, counts) {
      samples.push({ atMs: nowMs, counts });
      // The window reaches back to the last sample before its beginning.
      const first = samples.findLastIndex(({ atMs }) => atMs <= nowMs - windowMs);
      samples = samples.slice(Math.max(0, first, samples.length - MAX_SAMPLES));
    },
    load() {
      const [oldest] = samples;
      const newest = samples.at(-1);
      if (oldest === undefined || newest === undefined || newest.atMs <= oldest.atMs) return undefined;
      const seconds = (newest.atMs - oldest.atMs) / 1000;
      const cameras = [...newest.counts].map(([id, now]) => ({ id, ...since(id, now) }));
      const wanting = cameras
        .filter(({ wanted }) => wanted > 0)
        .sort((a, b) => b.leftOut / b.wanted - a.leftOut / a.wanted);
      return {
        share: shareOf(wanting),
        shareOfOthers: shareOf(wanting.length > 1 ? wanting.slice(1) : wanting),
        receivedFps: new Map(cameras.map(({ id, received }) => [id, received / seconds])),
        detectedFps: cameras.reduce((sum, { detected }) => sum + detected, 0) / seconds,
      };
    },
    clear() {
      samples = [];
    },
  };
}

/** Frames settle later than they come, so that for a moment more may be left out than came. */
function shareOf(cameras: readonly FrameCounts[]): number {
  const wanted = cameras.reduce((sum, camera) => sum + camera.wanted, 0);
  const leftOut = cameras.reduce((sum, camera) => sum + camera.leftOut, 0);
  return wanted === 0 ? 0 : Math.min(1, leftOut / wanted);
}
