import { Counter, Gauge, Registry } from 'prom-client';
import type { Logger } from 'pino';
import { ERRORS } from '../models/domain/errors';
import type { PipelineError } from '../models/domain/errors';
import type { CameraStatus } from '../models/domain/camera-status';
import type { CameraId } from '../models/domain/frame';
import type { Ledger } from '../models/domain/ledger';
import { createFailureRows } from './failure-rows';
import type { SaturationStep, ThrottleChange } from './saturation/controller';
import { describeRates } from './saturation/describe-rates';

/**
 * Every fact worth counting or saying, in one place: nothing else logs or counts. Levels say who must act: error, data was
 * lost or a person is needed; warn, unexpected but recovered; info, lifecycle; debug, never per frame.
 */
export interface Telemetry {
  readonly registry: Registry;
  cameraStarted(camera: CameraId, source: string): void;
  cameraFailed(camera: CameraId, error: PipelineError, retryInMs: number | undefined): void;
  /** A camera's state has changed. */
  cameraStatus(status: CameraStatus): void;
  /** The stream for people, where a camera has one apart, failed or was lost. */
  viewFailed(camera: CameraId, error: PipelineError, retryInMs: number | undefined): void;
  viewStatus(status: CameraStatus): void;
  /** A recording was analysed although parts of it could not be read. */
  cameraDamaged(camera: CameraId, detail: string): void;
  cameraEnded(camera: CameraId, ledger: Ledger): void;
  eventWritten(camera: string, type: string): void;
  providerChosen(provider: string, attempts: readonly { provider: string; error: string }[]): void;
  workerReplaced(message: string): void;
  warning(message: string): void;
  /** Something that was told of is as it should be again. */
  recovered(message: string): void;
  /** A camera's lease came here, was given back, or was lost to another process. */
  cameraMoved(camera: CameraId, where: 'here' | 'away' | 'lost'): void;
  /** Events of a camera that has another owner by now were not written. */
  eventsSuperseded(camera: string, count: number): void;
  /** Live cameras gave way to too little time, or got some of it back. */
  saturationStep(step: SaturationStep): void;
  /** How far live cameras have given way; 0: not at all. */
  saturationLevel(level: number): void;
  /** Whether a live camera rests for want of time; undefined: it is none any more. */
  cameraPaused(camera: CameraId, isPaused: boolean | undefined): void;
  /** Counts this camera's frames from now on; returns what takes it out again. */
  watchLedger(camera: CameraId, ledger: Ledger): () => void;
}

const STATES = ['online', 'degraded', 'offline'] as const;

const sizeOf = ({ source }: Extract<CameraStatus, { status: 'online' }>) =>
  `${source.width}x${source.height}`;

/** What a person is told of a recording that FFmpeg could not read in full. */
export function describeDamage(detail: string): string {
  return `expected a whole recording, got one that is damaged or cut off (${detail}); the rest of it was analysed`;
}

/** Telemetry over a pino logger. Each registry is its own: two pipelines in one process do not mix. */
export function createTelemetry(log: Logger): Telemetry {
  const registry = new Registry();
  const ledgers = new Map<CameraId, Ledger>();
  const rows = createFailureRows();

  new Counter({
    name: 'sightline_frames_total',
    help: 'Frames out of FFmpeg (received) and what became of each, by camera.',
    labelNames: ['camera', 'outcome', 'reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [camera, ledger] of ledgers) {
        const { received, detected, expired, dropped, failed } = ledger.total();
        this.inc({ camera, outcome: 'received', reason: '' }, received);
        this.inc({ camera, outcome: 'detected', reason: '' }, detected);
        this.inc({ camera, outcome: 'expired', reason: '' }, expired);
        for (const [reason, count] of Object.entries(dropped))
          this.inc({ camera, outcome: 'dropped', reason }, count);
        for (const [reason, count] of Object.entries(failed))
          this.inc({ camera, outcome: 'failed', reason }, count);
      }
    },
  });
  new Gauge({
    name: 'sightline_frames_in_flight',
    help: 'Frames out of FFmpeg whose outcome is not known yet.',
    labelNames: ['camera'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [camera, ledger] of ledgers) this.set({ camera }, ledger.total().inFlight);
    },
  });
  const outages = new Counter({
    name: 'sightline_camera_failures_total',
    help: 'Attempts to read a camera that failed, by cause.',
    labelNames: ['camera', 'cause'],
    registers: [registry],
  });
  const viewOutages = new Counter({
    name: 'sightline_camera_view_failures_total',
    help: "Attempts to read a camera's stream for people (viewUrl) that failed, by cause.",
    labelNames: ['camera', 'cause'],
    registers: [registry],
  });
  const states = new Gauge({
    name: 'sightline_camera_state',
    help: '1 for the state a camera is in: online, degraded (pictures come, with a fault) or offline.',
    labelNames: ['camera', 'state'],
    registers: [registry],
  });
  const troubles = new Counter({
    name: 'sightline_camera_degraded_total',
    help: 'Faults of streams that went on, and changes of what they send, by cause.',
    labelNames: ['camera', 'cause'],
    registers: [registry],
  });
  const events = new Counter({
    name: 'sightline_events_total',
    help: 'Events handed to the sinks.',
    labelNames: ['camera', 'type'],
    registers: [registry],
  });
  const running = new Gauge({
    name: 'sightline_inference_provider',
    help: 'Always 1; its label names what inference runs on.',
    labelNames: ['provider'],
    registers: [registry],
  });
  const replaced = new Counter({
    name: 'sightline_inference_processes_replaced_total',
    help: 'Inference processes that hung or crashed and were replaced.',
    registers: [registry],
  });

  const superseded = new Counter({
    name: 'sightline_events_superseded_total',
    help: 'Events not written because the camera had another owner by then.',
    labelNames: ['camera'],
    registers: [registry],
  });
  const moves = new Counter({
    name: 'sightline_camera_moves_total',
    help: 'Leases of cameras that came here, were given back (away) or were lost.',
    labelNames: ['where'],
    registers: [registry],
  });

  const saturation = new Gauge({
    name: 'sightline_saturation_level',
    help: '0: live cameras are looked at as configured; 1 to 3: some at 1/2, 1/4, 1/8 of that; and 1 more for each that is paused.',
    registers: [registry],
  });
  const steps = new Counter({
    name: 'sightline_saturation_steps_total',
    help: 'Steps by which live cameras gave way (down) or got back what they had (up).',
    labelNames: ['direction'],
    registers: [registry],
  });
  const pauses = new Gauge({
    name: 'sightline_camera_paused',
    help: '1 while a live camera is paused because this host has no time for it.',
    labelNames: ['camera'],
    registers: [registry],
  });

  const viewOf = (camera: CameraId) => `${camera}.viewUrl`;

  function tellRetry(
    camera: CameraId,
    stream: string,
    error: PipelineError,
    retryInMs: number,
    prefix = '',
  ): void {
    const { count, isTold } = rows.next(stream, error.message);
    const delay = retryInMs < 100 ? `${Math.ceil(retryInMs)} ms` : `${(retryInMs / 1000).toFixed(1)} s`;
    const again = `trying again in ${delay}`;
    const { remedy } = ERRORS[error.code];
    const row = count === 1 ? '' : ` (failed ${count} times in a row: ${remedy})`;
    log[isTold ? 'warn' : 'debug']({ camera }, `${prefix}${error.message}; ${again}${row}`);
  }

  return {
    registry,
    cameraStarted: (camera, source) => log.debug({ camera }, `started on ${source}`),
    cameraFailed(camera, error, retryInMs) {
      outages.inc({ camera, cause: error.code });
      if (retryInMs === undefined) {
        log.error({ camera }, error.message);
        return;
      }
      tellRetry(camera, camera, error, retryInMs);
    },
    cameraStatus(status) {
      const { cameraId: camera } = status;
      if (status.status === 'lapsed') return;
      for (const state of STATES) states.set({ camera, state }, state === status.status ? 1 : 0);
      if (status.status === 'online') {
        rows.end(camera);
        log.info({ camera }, `online, ${sizeOf(status)}`);
      }
      if (status.status !== 'degraded') return;
      troubles.inc({ camera, cause: status.cause });
      // The step that lowered it was told, with the other cameras.
      if (status.cause !== 'overloaded') log.warn({ camera }, `${status.cause}: ${status.detail}`);
    },
    viewFailed(camera, error, retryInMs = 0) {
      viewOutages.inc({ camera, cause: error.code });
      tellRetry(camera, viewOf(camera), error, retryInMs, 'viewUrl: ');
    },
    viewStatus(status) {
      if (status.status !== 'online') return;
      const { cameraId: camera } = status;
      rows.end(viewOf(camera));
      log.info({ camera }, `viewUrl: online, ${sizeOf(status)}`);
    },
    cameraDamaged: (camera, detail) => log.warn({ camera }, describeDamage(detail)),
    cameraEnded(camera, ledger) {
      const { failed, detected } = ledger.total();
      const lost = Object.entries(failed);
      for (const [code, count] of lost) {
        log.warn({ camera }, `${count} of ${count + detected} frames were not looked at: ${code}`);
      }
    },
    eventWritten: (camera, type) => events.inc({ camera, type }),
    providerChosen(provider, attempts) {
      for (const { provider: tried, error } of attempts)
        log.warn(`provider ${tried} is not available: ${error}`);
      running.reset();
      running.set({ provider }, 1);
      log.debug(`inference runs on ${provider}`);
    },
    workerReplaced(message) {
      replaced.inc();
      log.warn(message);
    },
    warning: (message) => log.warn(message),
    recovered: (message) => log.info(message),
    cameraMoved(camera, where) {
      moves.inc({ where });
      if (where === 'lost') log.warn({ camera }, 'another process may run it by now: stopped here');
      else log.info({ camera }, where === 'here' ? 'runs here now' : 'given back');
    },
    eventsSuperseded: (camera, count) => superseded.inc({ camera }, count),
    saturationStep(step) {
      steps.inc({ direction: step.direction });
      saturation.set(step.level);
      if (step.direction === 'down') log.warn(describeStep(step));
      else log.info(describeStep(step));
    },
    saturationLevel: (level) => saturation.set(level),
    cameraPaused(camera, isPaused) {
      if (isPaused === undefined) pauses.remove({ camera });
      else pauses.set({ camera }, isPaused ? 1 : 0);
    },
    watchLedger(camera, ledger) {
      ledgers.set(camera, ledger);
      return () => {
        ledgers.delete(camera);
        rows.end(camera);
        rows.end(viewOf(camera));
        for (const state of STATES) states.remove({ camera, state });
      };
    },
  };
}

/** Cameras named in one line. */
const NAMED_CAMERAS = 5;

function describeStep({ direction, share, changes }: SaturationStep): string {
  const named = changes.slice(0, NAMED_CAMERAS).map(describeChange).join(', ');
  const more = changes.length > NAMED_CAMERAS ? ` and ${changes.length - NAMED_CAMERAS} more` : '';
  if (direction === 'up') return `less to do: ${named}${more}`;
  return `overloaded, ${Math.round(share * 100)} % of the frames of live cameras were left out: ${named}${more}`;
}

function describeChange({ id, fromFps, toFps }: ThrottleChange): string {
  if (toFps === 0) return `${id} paused`;
  return fromFps === 0 ? `${id} goes on` : `${id} ${describeRates(fromFps, toFps)}`;
}
