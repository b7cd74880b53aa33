import { EMPTY, Subject, concat, defer, filter, identity, switchMap, tap } from 'rxjs';
import type { Observable, OperatorFunction } from 'rxjs';
import type { Clock } from '../models/domain/clock';
import type { DetectPort } from '../models/domain/detect-port';
import type { PipelineError } from '../models/domain/errors';
import type { SightlineEvent } from '../models/domain/event';
import { createRunKey } from '../models/domain/event-id';
import type { OpenCamera } from '../models/domain/open-tracks';
import { resumedCamera } from '../models/domain/resumed-camera';
import type { ResumedCamera } from '../models/domain/resumed-camera';
import type { Ledger } from '../models/domain/ledger';
import type { CameraStatus } from '../models/domain/camera-status';
import type { ViewFrame } from '../models/domain/frame';
import type { Observation } from '../models/domain/observation';
import type { TrackedFrame, TracksClosed } from '../models/domain/track';
import { annotatedVideo } from '../operators/sinks/annotated-video';
import { cameraSource } from '../operators/sources/camera-source';
import type { CameraSignal } from '../operators/sources/camera-source';
import type { StartGate } from '../operators/sources/start-in-turn';
import { viewBuffers } from '../operators/sources/view-buffers';
import { viewSource } from '../operators/sources/view-source';
import { applyRules } from '../operators/transforms/apply-rules';
import { detectFrames } from '../operators/transforms/detect-frames';
import { dropViews } from '../operators/transforms/drop-views';
import { emitEvents } from '../operators/transforms/emit-events';
import { joinViews } from '../operators/transforms/join-views';
import { keepBestFrames } from '../operators/transforms/keep-best-frames';
import { tellSnapshots } from '../operators/transforms/tell-snapshots';
import { thinFrames } from '../operators/transforms/thin-frames';
import { motionGate } from '../operators/transforms/motion-gate';
import { trackObjects } from '../operators/transforms/track-objects';
import { analysisOf } from './camera-spec';
import type { CameraSpec } from './camera-spec';
import { APART_BUDGET_BYTES, decoderOf, hasSnapshots, viewsFor } from './decoder';
import type { Throttle } from './saturation/watch-saturation';
import { cameraSnapshots } from './snapshots';
import type { CameraSnapshots, Snapshots } from './snapshots';

/** What a camera's chain needs from outside. */
export interface CameraDeps {
  readonly port: DetectPort;
  readonly clock: Clock;
  /** Through which live sources start. */
  readonly startGate: StartGate;
  readonly ledger: Ledger;
  /** `source` of its events. */
  readonly eventSource: string;
  /** Emits when the camera is to stop in good order. */
  readonly stop: Observable<unknown>;
  /** Why tracks that are open at the end ended. */
  readonly endReason: () => 'completed' | 'stopped' | 'discontinuity';
  /** The annotated video is lost; the analysis goes on. */
  readonly onVideoFailed: (error: PipelineError) => void;
  readonly onFailure: (error: PipelineError, retryInMs: number | undefined) => void;
  /** The stream apart for people could not be read, or was lost; it is tried again. */
  readonly onViewFailed: (error: PipelineError, retryInMs: number | undefined) => void;
  readonly onViewStatus: (status: CameraStatus) => void;
  /** The hardware that was to decode cannot; the CPU does. */
  readonly onHardwareFailed: (error: PipelineError) => void;
  /** A recording was damaged; FFmpeg's words. */
  readonly onDamage: (detail: string) => void;
  /** The camera went online or offline, or its stream became another. */
  readonly onStatus: (status: CameraStatus) => void;
  readonly onTracked: (frame: TrackedFrame) => void;
  /** Live: what the camera is left while there is too little time for all. Absent: all. */
  readonly throttle?: Throttle;
  /** Resolves when the sinks have room for more events. */
  readonly sinksReady: () => Promise<void>;
  /** Where the best pictures of tracks go. Absent: none are kept. */
  readonly snapshots?: Snapshots | undefined;
  /** Live: what an earlier run has begun and not ended in the log. */
  readonly open?: OpenCamera | undefined;
  /** Recorded: the same, to be read at the end; undefined: it could not be read. */
  readonly readOpen?: (() => Promise<OpenCamera | undefined>) | undefined;
}

/** Of its buffers, which are needed for the encoder and the decoder too. */
const WAITING_SHARE = 0.75;
/** Beyond a frame's own deadline and the interval to the next: time for the answer of the detector. */
const ANSWER_MS = 500;
/** Detections below a camera's `minScore` still keep known tracks alive, down to this score, as in ByteTrack (Zhang et al., ECCV 2022). */
const LOWEST_TRACKED_SCORE = 0.1;

/**
 * One camera from its pictures to its events, and before them (of a recording: behind them) the ends of what an earlier run
 * left open.
 */
export function buildCamera(spec: CameraSpec, deps: CameraDeps): Observable<SightlineEvent> {
  const { open, readOpen, clock, endReason } = deps;
  const { id: cameraId, mode } = spec;
  const byEpoch = firstEpochOf(spec, clock);
  const resumedFrom = (from: OpenCamera | undefined) =>
    from && resumedCamera(from, { cameraId, mode, byEpoch });
  const chain = cameraChain(spec, deps, byEpoch, resumedFrom(open));
  if (readOpen === undefined) return chain;
  // A recording that is read again in full repeats its events, and with them the ends of its tracks.
  const leftOver = defer(readOpen).pipe(switchMap((left) => endLeftOver(spec, deps, resumedFrom(left))));
  return concat(
    chain,
    defer(() => (endReason() === 'completed' ? leftOver : EMPTY)),
  );
}

/** Start reading here: each line is a stage, in the order of the data. */
function cameraChain(
  spec: CameraSpec,
  deps: CameraDeps,
  firstEpoch: number,
  resume: ResumedCamera | undefined,
): Observable<SightlineEvent> {
  const { port, clock, ledger, stop, throttle } = deps;
  const { labels } = spec;
  const wanted = labels === undefined ? undefined : new Set(labels);
  const tracked = new Subject<TrackedFrame>();
  const snapshots = snapshotsOf(spec, deps);

  return cameraSource({
    cameraId: spec.id,
    mode: spec.mode,
    isLooping: spec.isLooping,
    hasView: viewsFor(spec, deps) !== undefined,
    clock,
    ledger,
    startAtMs: spec.startAtMs,
    firstEpoch,
    resumeWindowMs: spec.resumeWindowMs,
    resume: spec.isLooping ? undefined : resume?.last,
    stop,
    onFailure: deps.onFailure,
    startGate: deps.startGate,
    ...(throttle !== undefined && { overload: throttle.overload, paused: throttle.paused }),
    ...(spec.maxFps !== undefined && { watch: { intervalMs: 1000 / spec.maxFps } }),
    decode: decoderOf(spec, deps, spec),
  })
    .pipe(
      gate(spec, deps, tracked),
      thinFrames<CameraStatus | ViewFrame | Observation>({ fps: throttle?.fps ?? unlimited, ledger }),
      detectFrames<CameraStatus | ViewFrame | Observation>({
        port,
        ledger,
        cameraId: spec.id,
        mode: spec.mode,
        inFlight: spec.inFlight,
        maxLatencyMs: spec.maxLatencyMs,
        minScore: lowScoreOf(spec),
        ready: readyOf(deps, snapshots),
        ...(wanted !== undefined && { isWanted: ({ label }) => wanted.has(label) }),
      }),
      trackObjects({ ...tracksOf(spec, deps), resume }),
      tap((item) => {
        if (item.kind === 'status') deps.onStatus(item);
        if (item.kind !== 'tracked') return;
        deps.onTracked(item);
        tracked.next(item);
      }),
    )
    .pipe(
      watchApart(spec, deps),
      snapshots === undefined ? identity : keepBestFrames<Tracked>(snapshots.keep),
      annotate(spec, deps),
      ruled(spec, resume),
      emitEvents({ ...eventsOf(spec, deps), resume }),
      snapshots === undefined ? identity : tellSnapshots(snapshots),
    );
}

/** Ends what an earlier run left open and this one does not know. */
function endLeftOver(spec: CameraSpec, deps: CameraDeps, resume: ResumedCamera | undefined) {
  return EMPTY.pipe(
    trackObjects({ ...tracksOf(spec, deps), resume }),
    filter((item) => item.kind === 'closed'),
    ruled(spec, resume),
    emitEvents({ ...eventsOf(spec, deps), resume }),
  );
}

/** An earlier run may have had rules where this one has none. */
function ruled({ rules }: CameraSpec, resume: ResumedCamera | undefined) {
  if (rules === undefined && resume === undefined) return identity;
  return applyRules({ zones: [], lines: [], ...rules, resume });
}

function tracksOf(spec: CameraSpec, { endReason }: CameraDeps) {
  return { ...spec.track, highScore: spec.minScore, lowScore: lowScoreOf(spec), endReason };
}

function eventsOf(spec: CameraSpec, { port, eventSource }: CameraDeps) {
  const { id, updateIntervalMs } = spec;
  const runKey = createRunKey(analysisOf(spec), port.detector.fingerprint);
  return { cameraId: id, source: eventSource, runKey, updateIntervalMs };
}

const lowScoreOf = ({ minScore }: CameraSpec) => Math.min(minScore, LOWEST_TRACKED_SCORE);

const unlimited = () => undefined;

function snapshotsOf(spec: CameraSpec, deps: CameraDeps): CameraSnapshots | undefined {
  if (deps.snapshots === undefined || !hasSnapshots(spec, deps)) return undefined;
  return cameraSnapshots(deps.snapshots, { mode: spec.mode, ...eventsOf(spec, deps) });
}

function readyOf({ sinksReady }: CameraDeps, snapshots: CameraSnapshots | undefined): () => Promise<void> {
  if (snapshots === undefined) return sinksReady;
  return async () => {
    await Promise.all([sinksReady(), snapshots.saved.ready()]);
  };
}

function gate(
  { motion, mode }: CameraSpec,
  { port, ledger }: CameraDeps,
  tracked: Observable<TrackedFrame>,
): OperatorFunction<CameraSignal, CameraSignal | Observation> {
  if (motion === undefined) return identity;
  return motionGate<CameraSignal>({ ...motion, mode, ledger, input: port.detector.input, tracked });
}

/** Joins in the pictures of the stream that is for people, where it is another and somebody looks. */
function watchApart(
  spec: CameraSpec,
  deps: CameraDeps,
): OperatorFunction<Tracked | ViewFrame, Tracked | ViewFrame> {
  const { view, annotatePath, id, maxFps = Infinity, maxLatencyMs } = spec;
  if (view === undefined || (annotatePath === undefined && !hasSnapshots(spec, deps))) return identity;
  const views = viewSource({
    cameraId: id,
    clock: deps.clock,
    decode: decoderOf(spec, deps, view),
    stop: deps.stop,
    startGate: deps.startGate,
    onFailure: deps.onViewFailed,
    onStatus: deps.onViewStatus,
    ...(deps.throttle !== undefined && { paused: deps.throttle.paused }),
  });
  return joinViews<Tracked | ViewFrame>({
    views,
    maxWaitMs: 1000 / maxFps + maxLatencyMs + ANSWER_MS,
    mostWaiting: (byteLength) => Math.floor(WAITING_SHARE * viewBuffers(APART_BUDGET_BYTES, byteLength)),
  });
}

type Tracked = TrackedFrame | TracksClosed | CameraStatus;

function annotate(
  { annotatePath, view: apart }: CameraSpec,
  { onVideoFailed }: CameraDeps,
): OperatorFunction<Tracked | ViewFrame, Tracked> {
  if (annotatePath === undefined)
    return (source) => source.pipe(dropViews<Tracked>(() => false)) as Observable<Tracked>;
  const video = annotatedVideo({
    path: annotatePath,
    sampleAspect: (frame) => frame.sampleAspect,
    onFailed: onVideoFailed,
  });
  // Of the small stream only snapshots are made, where a large one is for people.
  const isShown = ({ isApart = false }: ViewFrame) => apart === undefined || isApart;
  return (source) => source.pipe(dropViews<Tracked>(isShown), video);
}

/**
 * Recorded sources count epochs from 0. A live one starts at the millisecond it was started in: a restart of the process
 * would else repeat the ids of other events, and no camera begins a segment every millisecond.
 */
function firstEpochOf({ mode }: CameraSpec, clock: Clock): number {
  return mode === 'live' ? Math.floor(clock.nowMs()) : 0;
}
