import type { Clock } from '../../models/domain/clock';
import type { CameraStatus, OfflineCause } from '../../models/domain/camera-status';
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
import { createCameraHealth } from './camera-health';
import type { HealthPlace } from './camera-health';
import { createCaptureClock } from './capture-clock';
import type { DecoderNote } from './decoder-notes';
import type { DecodedFrame } from './ffmpeg-frames';
import { createPtsGuard } from './pts-guard';
import type { GuardedPts } from './pts-guard';
import { createSegmenter } from './segmenter';
import type { Rendition } from './showinfo';

export interface CameraFramesOptions {
  readonly cameraId: CameraId;
  readonly mode: SourceMode;
  readonly clock: Clock;
  readonly ledger: Ledger;
  /** Recorded: event time of pts 0, in milliseconds since 1970. */
  readonly startAtMs: number;
  readonly firstEpoch: number;
  readonly resumeWindowMs: number;
  /** Live: where the events of an earlier run ended. Default: there was none. */
  readonly resume?: { readonly source: Size; readonly atMs: number } | undefined;
  /** The rendition whose pictures make the stream: segments, statuses and the ledger follow it. Default `detect`. */
  readonly leading?: Rendition;
  /** How much less than it sends is looked at (`10 → 5 fps`); undefined: all of it. Default: all. */
  readonly overload?: () => string | undefined;
}

/** Times that ISO 8601 writes with four digits of the year, as the event contract has them. */
const EARLIEST_MS = Date.parse('0000-01-01T00:00:00Z');
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** Gives decoded pictures their place in the camera's stream: epoch, number, and times. */
export interface CameraFrames {
  /** What a decoded picture means, in order; owns the picture's lease until it is part of a frame. */
  accept(decoded: DecodedFrame): readonly (CameraStatus | DetectFrame | ViewFrame)[];
  /** What the decoder says beside its pictures. */
  note(note: DecoderNote): readonly CameraStatus[];
  /** A decoder starts; `canResume` is false when its content has no relation to what came before. */
  restart(canResume: boolean): void;
  /** The camera's offline status; none when it is already known to be offline. */
  offline(cause: OfflineCause, detail?: string): readonly CameraStatus[];
  lapsed(): CameraStatus;
  readonly isOnline: boolean;
  /** True when data that could not be decoded were the last that came. */
  readonly isDamaged: boolean;
}

/** The state of one camera between its decoder and the pipeline; no RxJS, no I/O. */
export function createCameraFrames(options: CameraFramesOptions): CameraFrames {
  const { cameraId, mode, clock, ledger, startAtMs, firstEpoch, resumeWindowMs } = options;
  const { leading = 'detect', overload, resume } = options;
  const segmenter = createSegmenter({
    ...{ mode, firstEpoch, resumeWindowMs },
    resume: resume && {
      size: resume.source,
      // The other host's clock may be ahead of this one's.
      arrivedMs: Math.min(clock.monotonicMs(), clock.monotonicMs() - (clock.nowMs() - resume.atMs)),
    },
  });
  const captureClock = createCaptureClock();
  const ptsGuard = createPtsGuard();
  const health = createCameraHealth({ cameraId, mode, ...(overload !== undefined && { overload }) });
  let segment: Segment | undefined;
  let seq = 0;
  let viewSeq = 0;
  let viewSize: Size | undefined;
  let lastAtMs = startAtMs;
  let latestPtsMs = 0;

  function infoOf({ shown }: DecodedFrame, ptsMs: number, number: number, at: Segment): FrameInfo {
    const capturedAtMs =
      mode === 'live' ? wallMs(captureClock.capturedAtMs(ptsMs, clock.monotonicMs())) : undefined;
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

  /** Estimated without the wall clock: a host whose clock is set would take every picture for late, or drift for the camera's. */
  const wallMs = (monotonicMs: number) => clock.nowMs() - (clock.monotonicMs() - monotonicMs);

  function acceptLeading(decoded: DecodedFrame): (CameraStatus | DetectFrame | ViewFrame)[] {
    const { shown, lease } = decoded;
    const { size, rendition } = shown;
    const arrivedMs = clock.monotonicMs();
    const { ptsMs, isOtherClock } = guarded(decoded, arrivedMs);
    if (isOtherClock) segmenter.restart(true);
    const next = segmenter.next({ ptsMs, size, arrivedMs });
    if (next !== segment) {
      segment = next;
      seq = 0;
      viewSeq = 0;
      captureClock.reset();
    }
    const info = infoOf(decoded, ptsMs, seq++, next);
    latestPtsMs = ptsMs;
    lastAtMs = info.atMs;
    const place = { epoch: next.epoch, atMs: info.atMs };
    const items: (CameraStatus | DetectFrame | ViewFrame)[] = health.picture(place, size, arrivedMs);
    items.push(...clockTrouble(place, arrivedMs));
    if (rendition === 'view') {
      viewSize ??= size;
      return lease === undefined ? items : [...items, { kind: 'view', info, size: viewSize, lease }];
    }
    ledger.receive(next.epoch);
    if (lease === undefined) ledger.settle(next.epoch, { kind: 'dropped', reason: 'no_slot' });
    else items.push({ kind: 'frame', info, lease });
    return items;
  }

  function acceptFollowing(decoded: DecodedFrame): ViewFrame[] {
    const { lease } = decoded;
    if (lease === undefined) return [];
    if (segment === undefined) {
      lease.release();
      return [];
    }
    viewSize ??= decoded.shown.size;
    // A view's detect frame came just before it.
    const ptsMs = ptsGuard.isStanding ? latestPtsMs : ptsOf(decoded);
    return [{ kind: 'view', info: infoOf(decoded, ptsMs, viewSeq++, segment), size: viewSize, lease }];
  }

  /** Recorded times are what they are: nothing of them depends on when they arrive. */
  function guarded(decoded: DecodedFrame, arrivedMs: number): GuardedPts {
    const ptsMs = ptsOf(decoded);
    return mode === 'live' ? ptsGuard.next(ptsMs, arrivedMs) : { ptsMs, isOtherClock: false };
  }

  function clockTrouble(place: HealthPlace, arrivedMs: number): CameraStatus[] {
    const tell = (detail: string) => health.trouble(place, 'clock_drift', detail, arrivedMs);
    if (ptsGuard.isStanding) return tell("the stream's times stand still: those of arrival take their place");
    const driftMs = mode === 'live' ? captureClock.takeDriftMs() : undefined;
    if (driftMs === undefined) {
      if (captureClock.isDrifting) health.lasts('clock_drift', arrivedMs);
      return [];
    }
    const seconds = (Math.abs(driftMs) / 1000).toFixed(1);
    return tell(
      `the camera's clock has become ${seconds} s ${driftMs > 0 ? 'slow' : 'fast'} against this host's`,
    );
  }

  const epoch = () => segment?.epoch ?? firstEpoch;
  const atMs = () => (mode === 'live' ? clock.nowMs() : lastAtMs);

  return {
    accept(decoded) {
      try {
        return decoded.shown.rendition === leading ? acceptLeading(decoded) : acceptFollowing(decoded);
      } catch (error) {
        decoded.lease?.release();
        throw error;
      }
    },
    note(note) {
      if (note.note === 'damage')
        return health.damage({ epoch: epoch(), atMs: atMs() }, note.detail, clock.monotonicMs());
      health.opened(note.codec);
      return [];
    },
    restart(canResume) {
      viewSize = undefined;
      ptsGuard.reset();
      segmenter.restart(canResume);
    },
    // Recorded events are the same on every run; what FFmpeg says may hold a path or an address of this machine.
    offline: (cause, detail) =>
      health.offline({ epoch: epoch(), atMs: atMs() }, cause, mode === 'recorded' ? undefined : detail),
    lapsed: () => ({ kind: 'status', status: 'lapsed', cameraId, epoch: epoch(), atMs: atMs() }),
    get isOnline() {
      return health.state === 'online' || health.state === 'degraded';
    },
    get isDamaged() {
      return health.isDamaged;
    },
  };
}

const ptsOf = ({ shown, muxedPtsMs }: DecodedFrame) => shown.ptsMs ?? muxedPtsMs;
