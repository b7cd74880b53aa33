import { BehaviorSubject, asyncScheduler, interval } from 'rxjs';
import type { Observable, SchedulerLike, Subscription } from 'rxjs';
import type { Config } from '../../config/schema';
import type { Clock } from '../../models/domain/clock';
import type { CameraId } from '../../models/domain/frame';
import type { LedgerEntry } from '../../models/domain/ledger';
import type { Telemetry } from '../telemetry';
import { createSaturationController } from './controller';
import { describeRates } from './describe-rates';
import { fpsOf } from './ladder';
import type { ThrottledCamera } from './ladder';
import { countsOf } from './load-window';

/** The settings of a configuration, and how often counts are looked at. */
export type SaturationSettings = Config['saturation'] & {
  /** Over how long shares are counted. Default 10 s, at most `lowerAfterMs`, but three checks at least. */
  readonly windowMs?: number;
  /** Default 1 s. */
  readonly checkMs?: number;
};

export interface SaturationWatchOptions {
  readonly settings: SaturationSettings;
  readonly clock: Clock;
  readonly telemetry: Pick<Telemetry, 'saturationStep' | 'saturationLevel' | 'cameraPaused'>;
  /** False while nobody could look at a frame: that is no lack of time. */
  readonly isServed: () => boolean;
  readonly scheduler?: SchedulerLike;
}

/** A live camera as this sees it. */
export interface WatchedCamera {
  readonly id: CameraId;
  readonly priority: number;
  /** Frames a second that are to be looked at; Infinity: as many as it sends, which no step lowers. */
  readonly maxFps: number;
  readonly frames: () => LedgerEntry;
  /** True while its frames wait for something else than the detector. */
  readonly isHeldUp: () => boolean;
}

/** What a live camera is left. */
export interface Throttle {
  /** Frames a second that may be looked at now; undefined: as configured. */
  readonly fps: () => number | undefined;
  /** The same for people (`10 → 5 fps`). */
  readonly overload: () => string | undefined;
  /** Whether it is to rest; begins with the present answer. */
  readonly paused: Observable<boolean>;
  readonly isPaused: () => boolean;
  /** The camera has ended. */
  end(): void;
}

export interface SaturationWatch {
  /** Counts a live camera in from now on. */
  watch(camera: WatchedCamera): Throttle;
  /** All cameras are about to end: nothing changes for them any more. */
  close(): void;
}

const WINDOW_MS = 10_000;
const CHECK_MS = 1000;
/** Timers are late, most of all where there is too little time: within a shorter window no check would follow another. */
const LEAST_CHECKS = 3;

/**
 * Looks at the ledgers of all live cameras of a process every `checkMs`, lets the controller decide, and applies its steps. While no
 * worker lives, or a sink holds frames up, nothing is decided. Has a timer only while it watches a camera.
 */
export function createSaturationWatch(options: SaturationWatchOptions): SaturationWatch {
  const { settings, clock, telemetry, isServed, scheduler = asyncScheduler } = options;
  const { lowerAfterMs, raiseAfterMs, minFps, pause, leftOutPercent } = settings;
  const { checkMs = CHECK_MS } = settings;
  const { windowMs = Math.max(LEAST_CHECKS * checkMs, Math.min(WINDOW_MS, lowerAfterMs)) } = settings;
  const controller = createSaturationController({
    windowMs,
    lowerAfterMs,
    raiseAfterMs,
    minFps,
    mayPause: pause,
    leftOutShare: leftOutPercent / 100,
  });
  const watched = new Map<CameraId, { readonly camera: WatchedCamera; readonly state: State }>();
  let timer: Subscription | undefined;
  let isClosed = false;

  function check(): void {
    const cameras = [...watched.values()];
    if (!isServed() || cameras.some(({ camera }) => camera.isHeldUp())) {
      controller.hold();
      return;
    }
    const counts = cameras.map(({ camera }) => [camera.id, countsOf(camera.frames())] as const);
    const step = controller.observe(clock.monotonicMs(), new Map(counts));
    if (step === undefined) return;
    telemetry.saturationStep(step);
    apply();
  }

  function apply(): void {
    telemetry.saturationLevel(controller.level);
    for (const throttled of controller.cameras) {
      watched.get(throttled.id)?.state.set(throttled);
      telemetry.cameraPaused(throttled.id, throttled.isPaused);
    }
  }

  function end(id: CameraId): void {
    watched.delete(id);
    controller.leave(id);
    telemetry.cameraPaused(id, undefined);
    if (watched.size === 0) timer?.unsubscribe();
    if (!isClosed) apply();
  }

  return {
    watch(camera) {
      const state = createState(minFps);
      watched.set(camera.id, { camera, state });
      controller.join({ id: camera.id, priority: camera.priority, fullFps: camera.maxFps });
      apply();
      if (watched.size === 1 && !isClosed) timer = interval(checkMs, scheduler).subscribe(check);
      return { ...state.throttle, end: () => end(camera.id) };
    },
    close() {
      isClosed = true;
      timer?.unsubscribe();
    },
  };
}

interface State {
  readonly throttle: Omit<Throttle, 'end'>;
  set(camera: ThrottledCamera): void;
}

/** What the parts of one camera ask; asked with every frame, and so kept ready. */
function createState(minFps: number): State {
  const paused = new BehaviorSubject(false);
  let fps: number | undefined;
  let overload: string | undefined;
  return {
    throttle: { fps: () => fps, overload: () => overload, paused, isPaused: () => paused.value },
    set(camera) {
      const nowFps = fpsOf({ ...camera, isPaused: false }, minFps);
      const isLowered = nowFps < camera.fullFps;
      fps = isLowered ? nowFps : undefined;
      overload = isLowered ? describeRates(camera.fullFps, nowFps) : undefined;
      if (paused.value !== camera.isPaused) paused.next(camera.isPaused);
    },
  };
}
