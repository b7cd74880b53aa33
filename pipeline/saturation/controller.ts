import type { CameraId } from '../../models/domain/frame';
import { depthOf, fpsOf, joined, lowered, parted, raised } from './ladder';
import type { LadderOptions, ThrottledCamera } from './ladder';
import { createLoadWindow } from './load-window';
import type { Load, LoadSample } from './load-window';

export interface SaturationControllerOptions extends LadderOptions {
  /** Over how long shares are counted. */
  readonly windowMs: number;
  /** There is too little time when a larger share of the frames is left out, 0 to 1. */
  readonly leftOutShare: number;
  readonly lowerAfterMs: number;
  readonly raiseAfterMs: number;
}

/** A camera whose share of the time has changed. */
export interface ThrottleChange {
  readonly id: CameraId;
  /** Frames a second before and after; 0: paused. */
  readonly fromFps: number;
  readonly toFps: number;
}

/** One step down, or up again. */
export interface SaturationStep {
  readonly direction: 'down' | 'up';
  /** As `depthOf`, after the step. */
  readonly level: number;
  /** Of the frames to be looked at, what was left out before the step: 0 to 1. */
  readonly share: number;
  readonly changes: readonly ThrottleChange[];
}

/** Decides when live cameras give way and when they get back what they had. Given time and counts; no timers, no I/O. */
export interface SaturationController {
  join(camera: Pick<ThrottledCamera, 'id' | 'priority' | 'fullFps'>): void;
  leave(id: CameraId): void;
  /** Counts so far of every camera that joined; monotonic time. At most one step each time. */
  observe(nowMs: number, sample: LoadSample): SaturationStep | undefined;
  /** What is left out now says nothing of the time there is: what was counted so far is forgotten. */
  hold(): void;
  readonly cameras: readonly ThrottledCamera[];
  readonly level: number;
}

/** Of the share that is too much, what is next to nothing. */
const CALM_PART = 0.1;
/** Of the share that is too much, what the other cameras lose at least when the trouble is not one camera's own. */
const OTHERS_PART = 0.25;
/** A camera that sends nearly as much as is looked at, sends as much. */
const FULL_PART = 0.9;
/** A step up is sure to fit when all of it is less than this part of what was looked at when there was no time. */
const HEADROOM_PART = 0.9;
/** The next step up is waited for so many times as long at most. */
const MAX_PATIENCE = 16;

/**
 * Down: the share left out is too large for `lowerAfterMs`, and the camera that loses most (whose trouble may be its own) is not
 * the only one that loses. Up: next to nothing was left out for `raiseAfterMs`, or for twice as long when what would then be
 * asked for is more than was looked at when there was no time. A step up that had to be taken back before it had lasted as long
 * as it had been waited for doubles the wait for the next one, up to 16 times; one that lasted ends that.
 *
 * Every step begins the counting anew, so that each is judged by what came after it.
 */
export function createSaturationController(options: SaturationControllerOptions): SaturationController {
  const { windowMs, leftOutShare, lowerAfterMs, raiseAfterMs, minFps } = options;
  if (!(windowMs > 0 && lowerAfterMs > 0 && raiseAfterMs > 0 && minFps > 0 && leftOutShare > 0)) {
    throw new RangeError(
      `saturation: expected times, minFps and leftOutShare above 0, got ${windowMs}, ${lowerAfterMs}, ${raiseAfterMs}, ${minFps} and ${leftOutShare}`,
    );
  }
  const window = createLoadWindow(windowMs);
  const configuredFps = new Map<CameraId, number>();
  let cameras: readonly ThrottledCamera[] = [];
  let observedAtMs: number | undefined;
  let overSinceMs: number | undefined;
  let calmSinceMs: number | undefined;
  let patience = 1;
  let trial: { readonly atMs: number; readonly waitedMs: number } | undefined;
  let knownFps = Infinity;

  function hold(): void {
    window.clear();
    overSinceMs = undefined;
    calmSinceMs = undefined;
  }

  /** Undefined when the step changes no rate: cameras at their least were only counted along. */
  function take(
    direction: 'down' | 'up',
    next: readonly ThrottledCamera[],
    { share }: Load,
  ): SaturationStep | undefined {
    const before = new Map(cameras.map((camera) => [camera.id, fpsOf(camera, minFps)]));
    const changes = next
      .map((camera) => ({
        id: camera.id,
        fromFps: before.get(camera.id)!,
        toFps: fpsOf(camera, minFps),
      }))
      .filter(({ fromFps, toFps }) => fromFps !== toFps);
    cameras = next;
    if (changes.length === 0) return undefined;
    hold();
    return { direction, level: depthOf(next), share, changes };
  }

  function stepDown(nowMs: number, load: Load): SaturationStep | undefined {
    const next = lowered(measured(load), options);
    if (next === undefined) return undefined;
    if (trial !== undefined) {
      const isTakenBack = nowMs - trial.atMs < trial.waitedMs;
      patience = isTakenBack ? Math.min(MAX_PATIENCE, 2 * patience) : 1;
      trial = undefined;
    }
    knownFps = load.detectedFps;
    cameras = measured(load);
    return take('down', next, load);
  }

  function stepUp(nowMs: number, calmMs: number, load: Load): SaturationStep | undefined {
    if (trial !== undefined && nowMs - trial.atMs >= trial.waitedMs) {
      patience = 1;
      trial = undefined;
    }
    if (calmMs < raiseAfterMs) return undefined;
    const next = raised(cameras, options);
    if (next === undefined) return undefined;
    knownFps = Math.max(knownFps, load.detectedFps);
    const askedFps = next.reduce((sum, camera) => sum + fpsOf(camera, minFps), 0);
    const fits = askedFps <= HEADROOM_PART * knownFps;
    const waitMs = raiseAfterMs * patience * (fits ? 1 : 2);
    if (calmMs < waitMs) return undefined;
    const step = take('up', next, load);
    if (step !== undefined) trial = { atMs: nowMs, waitedMs: waitMs };
    return step;
  }

  /** Rates that are not lowered are those that cameras really send. */
  function measured({ receivedFps }: Load): readonly ThrottledCamera[] {
    return cameras.map((camera) => {
      const maxFps = configuredFps.get(camera.id)!;
      const sentFps = receivedFps.get(camera.id) ?? 0;
      if (camera.level > 0 || camera.isPaused || sentFps === 0) return camera;
      return { ...camera, fullFps: sentFps >= FULL_PART * maxFps ? maxFps : Math.round(sentFps * 10) / 10 };
    });
  }

  return {
    get cameras() {
      return cameras;
    },
    get level() {
      return depthOf(cameras);
    },
    hold,
    join(camera) {
      configuredFps.set(camera.id, camera.fullFps);
      cameras = joined(cameras, camera);
    },
    leave(id) {
      configuredFps.delete(id);
      cameras = parted(cameras, id);
    },
    observe(nowMs, sample) {
      // After a pause of the whole process nothing is known of the time between.
      if (observedAtMs !== undefined && nowMs - observedAtMs > windowMs) hold();
      observedAtMs = nowMs;
      window.add(nowMs, sample);
      const load = window.load();
      if (load === undefined) return undefined;
      const isOver = load.share > leftOutShare && load.shareOfOthers > OTHERS_PART * leftOutShare;
      overSinceMs = isOver ? (overSinceMs ?? nowMs) : undefined;
      calmSinceMs = load.share <= CALM_PART * leftOutShare ? (calmSinceMs ?? nowMs) : undefined;
      if (overSinceMs !== undefined && nowMs - overSinceMs >= lowerAfterMs) return stepDown(nowMs, load);
      return calmSinceMs === undefined ? undefined : stepUp(nowMs, nowMs - calmSinceMs, load);
    },
  };
}
