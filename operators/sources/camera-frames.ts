import type { Clock } from '../../models/domain/clock';
import type { CameraStatus } from '../../models/domain/camera-status';
import type {
  CameraId,
  DetectFrame,
  FrameInfo,
  Segment,
  SourceMode,
  ViewFrame,
} from '../../models/domain/frame';
import { PipelineError } from '../../models/domain/errors';
import type { Size } from '../../models/domain/geometry';
import type { Ledger } from '../../models/domain/ledger';
import { createCaptureClock } from './capture-clock';
import type { DecodedFrame } from './ffmpeg-frames';
import { createSegmenter } from './segmenter';

export interface CameraFramesOptions {
  readonly cameraId: CameraId;
  readonly mode: SourceMode;
  readonly clock: Clock;
  readonly ledger: Ledger;
  /** Recorded: event time of pts 0, in milliseconds since 1970. */
  readonly startAtMs: number;
  readonly firstEpoch: number;
  readonly resumeWindowMs: number;
}

/** Times that ISO 8601 writes with four digits of the year, as the event contract has them. */
const EARLIEST_MS = Date.parse('0000-01-01T00:00:00Z');
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** Gives decoded pictures their place in the camera's stream: epoch, number, and times. */
export interface CameraFrames {
  /** What a decoded picture means, in order; owns the picture's lease until it is part of a frame. */
  accept(decoded: DecodedFrame): readonly (CameraStatus | DetectFrame | ViewFrame)[];
  /** A decoder starts; `canResume` is false when its content has no relation to what came before. */
  restart(canResume: boolean): void;
  /** The camera's offline status, or undefined when it is already known to be offline. */
  offline(
    cause: Extract<CameraStatus, { status: 'offline' }>['cause'],
    detail?: string,
  ): CameraStatus | undefined;
  lapsed(): CameraStatus;
  readonly isOnline: boolean;
}

/** The state of one camera between its decoder and the pipeline; no RxJS, no I/O. */
export function createCameraFrames(options: CameraFramesOptions): CameraFrames {
  const { cameraId, mode, clock, ledger, startAtMs, firstEpoch, resumeWindowMs } = options;
  const segmenter = createSegmenter({ mode, firstEpoch, resumeWindowMs });
  const captureClock = createCaptureClock();
  let segment: Segment | undefined;
  let seq = 0;
  let viewSeq = 0;
  let viewSize: Size | undefined;
  let lastAtMs = startAtMs;
  let state: 'starting' | 'online' | 'offline' = 'starting';

  function infoOf({ shown, muxedPtsMs }: DecodedFrame, number: number, at: Segment): FrameInfo {
    const ptsMs = shown.ptsMs ?? muxedPtsMs;
    const capturedAtMs = mode === 'live' ? captureClock.capturedAtMs(ptsMs, clock.nowMs()) : undefined;
    const [num, den] = shown.sampleAspect;
    const atMs = capturedAtMs ?? startAtMs + ptsMs;
    if (!(atMs >= EARLIEST_MS && atMs <= LATEST_MS)) {
      throw new PipelineError(
        'corrupt',
        `pts ${ptsMs} ms: expected an event time in the years 0 to 9999, got another`,
      );
    }
    return {
      cameraId,
      mode,
      segment: at,
      seq: number,
      ptsMs,
      atMs,
      ...(capturedAtMs !== undefined && { capturedAtMs }),
      source: shown.size,
      ...(num !== den && { sampleAspect: shown.sampleAspect }),
    };
  }

  function acceptDetect(decoded: DecodedFrame): (CameraStatus | DetectFrame)[] {
    const { shown, muxedPtsMs, lease } = decoded;
    const sample = { ptsMs: shown.ptsMs ?? muxedPtsMs, size: shown.size, arrivedMs: clock.monotonicMs() };
    const next = segmenter.next(sample);
    if (next !== segment) {
      segment = next;
      seq = 0;
      viewSeq = 0;
      captureClock.reset();
    }
    const info = infoOf(decoded, seq++, next);
    lastAtMs = info.atMs;
    ledger.receive(next.epoch);
    const items: (CameraStatus | DetectFrame)[] = [];
    if (state !== 'online') {
      state = 'online';
      const { atMs, source } = info;
      items.push({ kind: 'status', status: 'online', cameraId, epoch: next.epoch, atMs, source });
    }
    if (lease === undefined) ledger.settle(next.epoch, { kind: 'dropped', reason: 'no_slot' });
    else items.push({ kind: 'frame', info, lease });
    return items;
  }

  function acceptView(decoded: DecodedFrame): ViewFrame[] {
    const { lease } = decoded;
    if (lease === undefined) return [];
    if (segment === undefined) {
      lease.release();
      return [];
    }
    viewSize ??= decoded.shown.size;
    return [{ kind: 'view', info: infoOf(decoded, viewSeq++, segment), size: viewSize, lease }];
  }

  const epoch = () => segment?.epoch ?? firstEpoch;
  const atMs = () => (mode === 'live' ? clock.nowMs() : lastAtMs);

  return {
    accept(decoded) {
      try {
        return decoded.shown.rendition === 'view' ? acceptView(decoded) : acceptDetect(decoded);
      } catch (error) {
        decoded.lease?.release();
        throw error;
      }
    },
    restart(canResume) {
      viewSize = undefined;
      segmenter.restart(canResume);
    },
    offline(cause, detail) {
      if (state === 'offline') return undefined;
      state = 'offline';
      const status = {
        kind: 'status',
        status: 'offline',
        cameraId,
        epoch: epoch(),
        atMs: atMs(),
        cause,
      } as const;
      // Recorded events are the same on every run; what FFmpeg says may hold a path or an address of this machine.
      return detail === undefined || mode === 'recorded' ? status : { ...status, detail };
    },
    lapsed: () => ({ kind: 'status', status: 'lapsed', cameraId, epoch: epoch(), atMs: atMs() }),
    get isOnline() {
      return state === 'online';
    },
  };
}
