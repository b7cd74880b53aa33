import {
  EMPTY,
  NEVER,
  Observable,
  Subject,
  asyncScheduler,
  catchError,
  concat,
  defer,
  distinctUntilChanged,
  finalize,
  from,
  identity,
  ignoreElements,
  map,
  merge,
  mergeMap,
  repeat,
  startWith,
  switchMap,
  tap,
  timer,
} from 'rxjs';
import type { SchedulerLike } from 'rxjs';
import type { CameraStatus } from '../../models/domain/camera-status';
import { PipelineError, toPipelineError } from '../../models/domain/errors';
import type { DetectFrame, ViewFrame } from '../../models/domain/frame';
import type { Ledger } from '../../models/domain/ledger';
import { createBackoff, DEFAULT_BACKOFF } from '../support/backoff';
import type { BackoffOptions } from '../support/backoff';
import { createCameraFrames } from './camera-frames';
import type { CameraFrames, CameraFramesOptions } from './camera-frames';
import type { DecoderNote } from './decoder-notes';
import { isDecodedFrame } from './ffmpeg-frames';
import type { DecodedFrame } from './ffmpeg-frames';
import { startInTurn } from './start-in-turn';
import type { StartGate } from './start-in-turn';
import { takeUntilStop } from './take-until-stop';
import { watchFrames } from './watch-frames';
import type { WatchFramesOptions } from './watch-frames';

/** What a camera sends, in the order of its stream. */
export type CameraSignal = CameraStatus | DetectFrame | ViewFrame;

export interface CameraSourceOptions extends CameraFramesOptions {
  /** One attempt to read the input from its beginning (a file) or from now (a camera). */
  readonly decode: () => Observable<DecodedFrame | DecoderNote>;
  /** Each detect frame is followed by its view; then `stop` parts no pair. Default false. */
  readonly hasView?: boolean;
  /** A recorded file starts again at its end, as a camera would. */
  readonly isLooping?: boolean;
  /** Emits when the camera is to stop in good order: what was decoded is still emitted. */
  readonly stop: Observable<unknown>;
  /** Live: whether the camera is to rest, from the first value on; then its decoder does not run. Default: never. */
  readonly paused?: Observable<boolean>;
  /** An attempt failed; `retryInMs` is undefined when it was the last. */
  readonly onFailure?: (error: PipelineError, retryInMs: number | undefined) => void;
  readonly backoff?: BackoffOptions;
  /** Live: where starts take turns with those of other cameras. */
  readonly startGate?: StartGate;
  /** Live: how long pictures are waited for. */
  readonly watch?: Omit<WatchFramesOptions<unknown>, 'isFrame' | 'announcedMs' | 'scheduler'>;
  readonly scheduler?: SchedulerLike;
}

/**
 * One camera, kept up: its frames, and a status whenever it goes online or offline, or its stream becomes another.
 *
 * Recorded: one attempt; completes after `offline` with the cause `completed` or what went wrong. Live: an attempt that
 * ends, however it ends, is an outage; it is tried again for ever with growing, jittered delays, and after
 * `resumeWindowMs` without a frame a `lapsed` status says that open tracks are over. A decoder that gives no picture in time
 * (`watchFrames`) is ended. While it is `paused` there is no decoder, and that is an outage with this cause. Never errors.
 * Unsubscribing ends the decoder.
 */
export function cameraSource(options: CameraSourceOptions): Observable<CameraSignal> {
  const { mode, isLooping = false, stop, hasView = false, scheduler = asyncScheduler } = options;
  return defer(() => {
    const frames = createCameraFrames(options);
    const runs = mode === 'live' ? liveRuns(options, frames, isLooping) : recordedRun(options, frames);
    let isStopped = false;
    return concat(
      runs.pipe(takeUntilStop({ stop, hasView, scheduler, onStop: () => (isStopped = true) })),
      defer(() => (isStopped ? from(frames.offline('stopped')) : EMPTY)),
    );
  });
}

/** One attempt; its items, then nothing: how it ended goes to `onEnd`, and whether there was any picture. */
function attempt(
  options: CameraSourceOptions,
  frames: CameraFrames,
  onEnd: (error: PipelineError | undefined, hadPictures: boolean) => void,
): Observable<CameraSignal> {
  return defer(() => {
    let failure: PipelineError | undefined;
    let hadPictures = false;
    return concat(
      (options.mode === 'live' ? watched(options) : options.decode()).pipe(
        mergeMap((item) => {
          if (!isDecodedFrame(item)) return from(frames.note(item));
          hadPictures = true;
          return emitOwned(frames.accept(item), options.ledger);
        }),
        catchError((error: unknown) => {
          failure = causeOf(toPipelineError(error), frames);
          return EMPTY;
        }),
      ),
      defer(() => {
        onEnd(failure, hadPictures);
        return EMPTY;
      }),
    );
  });
}

/** Interval of the pictures that a source says it sends. */
function announcedMs(item: DecodedFrame | DecoderNote): number | undefined {
  return 'note' in item && item.note === 'opened' && item.fps !== undefined ? 1000 / item.fps : undefined;
}

/** One live decoder, started in its turn and ended when no picture comes in time. */
function watched({ decode, watch, startGate, scheduler = asyncScheduler }: CameraSourceOptions) {
  const run = defer(decode).pipe(watchFrames({ ...watch, isFrame: isDecodedFrame, announcedMs, scheduler }));
  return startGate === undefined ? run : run.pipe(startInTurn(startGate, scheduler));
}

/** Pictures that end in data nobody could decode have not merely stopped; and what FFmpeg calls a timeout, is a stall by then. */
function causeOf(error: PipelineError, { isOnline, isDamaged }: CameraFrames): PipelineError {
  if (!isOnline || (error.code !== 'stalled' && error.code !== 'timeout')) return error;
  return new PipelineError(isDamaged ? 'corrupt' : 'stalled', error.detail);
}

/** Emits what a picture became. A consumer that leaves at the first item does not take the frame that follows it. */
function emitOwned(items: readonly CameraSignal[], ledger: Ledger): Observable<CameraSignal> {
  return new Observable((subscriber) => {
    for (const item of items) {
      if (!subscriber.closed) {
        subscriber.next(item);
      } else if (item.kind !== 'status') {
        item.lease.release();
        if (item.kind === 'frame')
          ledger.settle(item.info.segment.epoch, { kind: 'dropped', reason: 'stopped' });
      }
    }
    subscriber.complete();
  });
}

function recordedRun(options: CameraSourceOptions, frames: CameraFrames): Observable<CameraSignal> {
  let failure: PipelineError | undefined;
  return concat(
    attempt(options, frames, (error) => {
      failure = error;
      if (error !== undefined) options.onFailure?.(error, undefined);
    }),
    defer(() => from(frames.offline(failure?.code ?? 'completed', failure?.message))),
  );
}

/** A lone picture that loops would else start a decoder after the other, as fast as the machine can. */
const LEAST_LOOP_MS = 1000;

function liveRuns(
  options: CameraSourceOptions,
  frames: CameraFrames,
  isLooping: boolean,
): Observable<CameraSignal> {
  const {
    scheduler = asyncScheduler,
    onFailure,
    resumeWindowMs,
    resume,
    backoff: delays = DEFAULT_BACKOFF,
    paused = NEVER.pipe(startWith(false)),
  } = options;
  const backoff = createBackoff(delays);
  const pause = (ms: number) => timer(ms, scheduler).pipe(ignoreElements());
  const availability = new Subject<boolean>();

  const run = defer(() => {
    let outage: { readonly error: PipelineError; readonly delayMs: number } | undefined;
    const beganMs = scheduler.now();
    return concat(
      attempt(options, frames, (failure, hadPictures) => {
        // A looped file that reached its end goes on; everything else that ends has been lost.
        if (failure === undefined && isLooping && hadPictures) {
          frames.restart(false);
          return;
        }
        const error = failure ?? new PipelineError('ended', 'the source stopped sending');
        outage = { error, delayMs: backoff.nextMs(error.code) };
        frames.restart(true);
      }).pipe(tap((item) => item.kind === 'status' && item.status === 'online' && availability.next(true))),
      defer(() => {
        if (outage === undefined) {
          const lastedMs = Math.max(0, scheduler.now() - beganMs);
          return lastedMs >= LEAST_LOOP_MS ? EMPTY : pause(LEAST_LOOP_MS - lastedMs);
        }
        const { error, delayMs } = outage;
        onFailure?.(error, delayMs);
        const statuses = frames.offline(error.code, error.message);
        if (statuses.length > 0) availability.next(false);
        return concat(from(statuses), pause(delayMs));
      }),
    );
  });

  const rest = defer(() => {
    frames.restart(!isLooping);
    const statuses = frames.offline('paused', 'this host has no time for it');
    if (statuses.length > 0) availability.next(false);
    return concat(from(statuses), NEVER);
  });

  const lapse = (ms: number) => timer(ms, scheduler).pipe(map(() => frames.lapsed()));
  const lapses = availability.pipe(
    tap((isOnline) => isOnline && backoff.reset()),
    map((isOnline) => (isOnline ? EMPTY : lapse(resumeWindowMs))),
    // What an earlier run left open waits no longer than after an outage of this one.
    resume === undefined ? identity : startWith(lapse(leftMs(resume.atMs, options))),
    switchMap((wait) => wait),
  );
  return merge(
    lapses,
    paused.pipe(
      distinctUntilChanged(),
      switchMap((isPaused) => (isPaused ? rest : run.pipe(repeat()))),
      finalize(() => availability.complete()),
    ),
  );
}

/** How long a camera of which nothing came since then may still be resumed. */
function leftMs(sinceMs: number, { clock, resumeWindowMs }: CameraSourceOptions): number {
  return Math.max(0, resumeWindowMs - Math.max(0, clock.nowMs() - sinceMs));
}
