import { Subject } from 'rxjs';
import { systemClock } from '../models/domain/clock';
import type { Clock } from '../models/domain/clock';
import type { DetectPort } from '../models/domain/detect-port';
import { toPipelineError } from '../models/domain/errors';
import type { PipelineError } from '../models/domain/errors';
import type { SightlineEvent } from '../models/domain/event';
import type { EventSink } from '../models/domain/event-sink';
import type { CameraId } from '../models/domain/frame';
import { createLedger } from '../models/domain/ledger';
import type { LedgerEntry } from '../models/domain/ledger';
import { createStartGate } from '../operators/sources/start-in-turn';
import type { StartGate } from '../operators/sources/start-in-turn';
import { usableCores } from '../workers/local/usable-cores';
import { buildCamera } from './build';
import type { CameraDeps } from './build';
import type { CameraSpec } from './camera-spec';
import { eventSourceOf } from './event-source';
import { allFramesFailed } from './frames-failed';
import { checkInput } from './inputs';
import { openCameraReader } from './open-camera';
import { createSaturationWatch } from './saturation/watch-saturation';
import type { SaturationSettings, SaturationWatch } from './saturation/watch-saturation';
import type { Telemetry } from './telemetry';
import type { Snapshots } from './snapshots';
import { whenIdle } from './when-idle';

/** How one camera ended. */
export interface CameraResult {
  readonly id: CameraId;
  readonly state: 'completed' | 'stopped' | 'failed';
  /** What went wrong, when `failed`. */
  readonly error?: PipelineError;
  readonly frames: LedgerEntry;
  /** From its start to its end. */
  readonly wallMs: number;
}

/** Where a camera stands. */
export interface CameraProgress {
  readonly frames: LedgerEntry;
  /** Stream time of the last frame that was tracked. */
  readonly ptsMs: number | undefined;
  readonly liveTracks: number;
  /** Tracks started so far. */
  readonly startedTracks: number;
  readonly events: number;
  /** The failure that a live camera is recovering from. */
  readonly failure: PipelineError | undefined;
  /** True while this host has no time for the camera. */
  readonly isPaused: boolean;
}

/** A camera that was started. */
export interface CameraRun {
  readonly spec: CameraSpec;
  /** Resolves when the camera has ended and everything of it was handed to the sinks; never rejects. */
  readonly done: Promise<CameraResult>;
  progress(): CameraProgress;
  /** Ends the camera in good order: decoded frames are still looked at, open tracks end with `stopped`. */
  stop(): Promise<CameraResult>;
}

export interface PipelineOptions {
  readonly port: DetectPort;
  readonly sinks: readonly EventSink[];
  readonly telemetry: Telemetry;
  /** Where the best pictures of tracks go. Default: none are kept. */
  readonly snapshots?: Snapshots | undefined;
  readonly clock?: Clock;
  /** What live cameras do while there is lastingly too little time for all. Default: nothing. */
  readonly saturation?: SaturationSettings;
  /** `close` waits for frames in the detector until none was settled for so long: its workers may never come. Default 10,000. */
  readonly drainIdleMs?: number;
}

/** A running pipeline; cameras come and go by these two verbs alone. */
export interface Pipeline {
  /** Throws a RangeError when a camera of this name is running. */
  start(camera: CameraSpec): CameraRun;
  /** Resolves when the camera has drained; at once when there is none of this name. */
  stop(id: CameraId): Promise<void>;
  readonly cameras: ReadonlyMap<CameraId, CameraRun>;
  /** Stops every camera, waits for the sinks and ends the detector. Throws the first sink's error. */
  close(): Promise<void>;
}

/** Makes a pipeline that owns its port, sinks and snapshots: `close` ends them. */
export function createPipeline({
  port,
  sinks,
  telemetry,
  snapshots,
  clock = systemClock,
  saturation: settings,
  drainIdleMs = 10_000,
}: PipelineOptions): Pipeline {
  const cameras = new Map<CameraId, CameraRun>();
  const startGate = createStartGate(Math.max(LEAST_STARTS, 2 * usableCores()));
  const saturation =
    settings?.enabled === true
      ? createSaturationWatch({ settings, clock, telemetry, isServed: () => port.isServed?.() !== false })
      : undefined;
  let closed: Promise<void> | undefined;

  function start(spec: CameraSpec): CameraRun {
    if (closed !== undefined) throw new RangeError('pipeline: expected it to be open, it was closed');
    if (cameras.has(spec.id))
      throw new RangeError(`camera ${spec.id}: expected a name that is free, it is running`);
    const run = runCamera(spec, { port, sinks, telemetry, snapshots, clock, startGate, saturation });
    cameras.set(spec.id, run);
    void run.done.then(() => cameras.delete(spec.id));
    return run;
  }

  async function close(): Promise<void> {
    saturation?.close();
    const runs = [...cameras.values()];
    // A port that is closed settles what it still has as `stopped`, and the cameras end with that.
    const unwatch = whenIdle(
      () => settledFrames(runs),
      () => (port.isServed?.() === false ? Math.min(UNSERVED_DRAIN_MS, drainIdleMs) : drainIdleMs),
      () => void port.close(),
    );
    await Promise.all(runs.map((run) => run.stop()));
    unwatch();
    await snapshots?.writer.close();
    const closings = await Promise.allSettled(sinks.map((sink) => sink.close()));
    await port.close();
    const failure = closings.find((closing) => closing.status === 'rejected');
    if (failure !== undefined) throw toPipelineError(failure.reason, 'sink');
  }

  return {
    start,
    cameras,
    stop: async (id) => {
      await cameras.get(id)?.stop();
    },
    close: () => (closed ??= close()),
  };
}

/** Live sources that start at once, at least; with more cores, two for each. */
const LEAST_STARTS = 4;

type RunDeps = Required<Omit<PipelineOptions, 'drainIdleMs' | 'saturation' | 'snapshots'>> & {
  readonly snapshots: Snapshots | undefined;
  readonly startGate: StartGate;
  readonly saturation: SaturationWatch | undefined;
};

/** A sink that takes longer to have room holds the camera up. */
const HELD_UP_MS = 1000;

function runCamera(spec: CameraSpec, deps: RunDeps): CameraRun {
  const { port, sinks, telemetry, snapshots, clock, startGate, saturation } = deps;
  const ledger = createLedger();
  const stopRequests = new Subject<void>();
  const unwatch = telemetry.watchLedger(spec.id, ledger);
  const startedMs = clock.monotonicMs();
  let isStopping = false;
  let failure: PipelineError | undefined;
  let fatal: PipelineError | undefined;
  let videoFailure: PipelineError | undefined;
  let ptsMs: number | undefined;
  let liveTracks = 0;
  let startedTracks = 0;
  let events = 0;
  let waitsForSinksSinceMs: number | undefined;
  const throttle =
    spec.mode === 'live'
      ? saturation?.watch({
          id: spec.id,
          priority: spec.priority,
          maxFps: spec.maxFps ?? Infinity,
          frames: () => ledger.total(),
          isHeldUp: () => clock.monotonicMs() - (waitsForSinksSinceMs ?? Infinity) > HELD_UP_MS,
        })
      : undefined;

  async function run(): Promise<CameraResult> {
    try {
      await checkInput(spec);
      const eventSource = await eventSourceOf(spec);
      telemetry.cameraStarted(spec.id, spec.displayName);
      const readOpen = openCameraReader({
        spec,
        sinks,
        eventSource,
        telemetry,
        isStopping: () => isStopping,
      });
      const open = spec.mode === 'live' ? await readOpen?.() : undefined;
      if (!isStopping) await consume({ eventSource, ...(spec.mode === 'live' ? { open } : { readOpen }) });
    } catch (error) {
      fatal = toPipelineError(error);
      telemetry.cameraFailed(spec.id, fatal, undefined);
    }
    throttle?.end();
    unwatch();
    telemetry.cameraEnded(spec.id, ledger);
    return result();
  }

  function consume(log: Pick<CameraDeps, 'eventSource' | 'open' | 'readOpen'>): Promise<void> {
    let written = Promise.resolve();
    const write = (event: SightlineEvent) => {
      const taken = sinks.map((sink) => sink.write(event));
      const before = written;
      written = Promise.all(taken).then(() => before);
    };
    return new Promise((resolve, reject) => {
      buildCamera(spec, {
        port,
        clock,
        startGate,
        ledger,
        snapshots,
        ...log,
        stop: stopRequests,
        endReason: () => (isStopping ? 'stopped' : failure === undefined ? 'completed' : 'discontinuity'),
        sinksReady() {
          waitsForSinksSinceMs ??= clock.monotonicMs();
          return written.then(() => (waitsForSinksSinceMs = undefined));
        },
        ...(throttle !== undefined && { throttle }),
        onFailure(error, retryInMs) {
          failure = error;
          telemetry.cameraFailed(spec.id, error, retryInMs);
        },
        onVideoFailed(error) {
          videoFailure = error;
          telemetry.cameraFailed(spec.id, error, undefined);
        },
        onViewFailed: (error, retryInMs) => telemetry.viewFailed(spec.id, error, retryInMs),
        onViewStatus: (status) => telemetry.viewStatus(status),
        onHardwareFailed: (error) => telemetry.warning(`${spec.id}: ${error.detail}: the CPU decodes`),
        onDamage: (detail) => telemetry.cameraDamaged(spec.id, detail),
        onStatus: (status) => telemetry.cameraStatus(status),
        onTracked(tracked) {
          const { frame, tracks, started } = tracked;
          ptsMs = frame.ptsMs;
          liveTracks = tracks.length;
          startedTracks += started.length;
          if (spec.mode === 'live') failure = undefined;
          for (const sink of sinks) sink.writeBoxes?.(tracked);
        },
      }).subscribe({
        next(event) {
          events++;
          telemetry.eventWritten(spec.id, event.type);
          write(event);
        },
        error: reject,
        complete: resolve,
      });
    });
  }

  function result(): CameraResult {
    const frames = ledger.total();
    const error =
      fatal ?? (spec.mode === 'recorded' ? failure : undefined) ?? allFramesFailed(frames) ?? videoFailure;
    const ended = { id: spec.id, frames, wallMs: clock.monotonicMs() - startedMs };
    if (error !== undefined) return { ...ended, state: 'failed', error };
    return { ...ended, state: isStopping ? 'stopped' : 'completed' };
  }

  const done = run();
  return {
    spec,
    done,
    progress: () => ({
      frames: ledger.total(),
      ptsMs,
      liveTracks,
      startedTracks,
      events,
      failure,
      isPaused: throttle?.isPaused() ?? false,
    }),
    stop() {
      isStopping = true;
      stopRequests.next();
      return done;
    },
  };
}

function settledFrames(runs: readonly CameraRun[]): number {
  return runs.reduce((sum, run) => {
    const { received, inFlight } = run.progress().frames;
    return sum + received - inFlight;
  }, 0);
}

/** Frames are given up after this while no worker lives: whoever wants to stop does not wait for one. */
const UNSERVED_DRAIN_MS = 1000;
