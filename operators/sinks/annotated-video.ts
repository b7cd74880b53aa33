import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { EMPTY, Subject, catchError, concat, defer, filter, finalize, merge, tap, throwError } from 'rxjs';
import { PipelineError, toError, toPipelineError } from '../../models/domain/errors';
import { redact } from '../../models/domain/redact';
import { fitI420 } from '../support/fit-i420';
import { TICKS_PER_MS, startMp4Encoder } from '../support/mp4-encoder';
import { createOutputClock } from '../support/output-clock';
import { drawTracks } from '../support/overlay';
import type { Observable, OperatorFunction } from 'rxjs';
import type { Mp4Encoder } from '../support/mp4-encoder';
import type { CameraStatus } from '../../models/domain/camera-status';
import type { FrameInfo, ViewFrame } from '../../models/domain/frame';
import type { Size } from '../../models/domain/geometry';
import type { Track, TrackedFrame, TracksClosed } from '../../models/domain/track';

/** What one camera's chain carries behind the tracker: a view frame comes after every tracked frame of the same or lower pts. */
export type AnnotatedItem = TrackedFrame | TracksClosed | CameraStatus | ViewFrame;

/** What a finished video holds. */
export interface AnnotatedVideoSummary {
  readonly path: string;
  /** Pictures in the video; with 0 no file was written. */
  readonly frameCount: number;
  /** View frames left out because the encoder was behind; live only. */
  readonly droppedCount: number;
}

export interface AnnotatedVideoOptions {
  /** MP4 file to write; overwritten when it exists, not touched before the first view frame. */
  readonly path: string;
  /** Width to height of a source pixel, asked once with the first view frame; undefined is square or not known. */
  readonly sampleAspect?: (first: FrameInfo) => readonly [num: number, den: number] | undefined;
  /** Live view frames that may wait for the encoder before the newest is left out. Default 4. */
  readonly maxWaitingFrames?: number;
  /** A live view frame was left out. */
  readonly onDropped?: (frame: FrameInfo) => void;
  /** The encoder failed: the video is lost, everything else goes on. Absent: the error ends the stream. */
  readonly onFailed?: (error: PipelineError) => void;
  /** The encoder exited and the file is complete. */
  readonly onFinished?: (summary: AnnotatedVideoSummary) => void;
}

/**
 * Writes one camera's view frames with the boxes of its visible tracks to an H.264 MP4 and passes all other items on.
 *
 * Takes over each view frame's hold: draws into its pixels in place, and releases it when FFmpeg took the bytes. Recorded
 * frames all wait; of live ones the newest is dropped while `maxWaitingFrames` wait. The video begins at 0 and keeps the
 * distances of pts; segments follow each other without a gap. A picture of another size than the first is fitted into it.
 *
 * The result completes (or passes on the source's error) after the encoder finished the file. A file that cannot be written
 * ends it with PipelineError `sink`. Unsubscribing kills the encoder and removes the file.
 */
export function annotatedVideo(
  options: AnnotatedVideoOptions,
): OperatorFunction<AnnotatedItem, Exclude<AnnotatedItem, ViewFrame>> {
  const { path, maxWaitingFrames = 4, onFailed } = options;
  if (path === '') throw new RangeError('annotatedVideo: path: expected the name of a file, got none');
  if (!(maxWaitingFrames >= 1)) {
    throw new RangeError(`annotatedVideo: maxWaitingFrames: expected 1 or more, got ${maxWaitingFrames}`);
  }

  return (source) =>
    defer(() => {
      const fault = findPathFault(path);
      if (fault !== undefined) return throwError(() => fault);

      const video = createVideo({ ...options, maxWaitingFrames });
      let latest: Latest | undefined;
      const others = source.pipe(
        filter((item): item is Exclude<AnnotatedItem, ViewFrame> => {
          if (item.kind === 'view') {
            video.show(item, latest);
            return false;
          }
          if (item.kind === 'tracked') latest = { tracked: item, untilMs: lastingUntilMs(item, latest) };
          else if (item.kind === 'closed') latest = undefined;
          return true;
        }),
        tap({ complete: () => video.end() }),
        catchError((error: unknown) => {
          video.end();
          return concat(
            video.outcome.pipe(catchError(() => EMPTY)),
            throwError(() => toError(error)),
          );
        }),
      );
      const outcome = video.outcome.pipe(
        catchError((error: unknown) => {
          if (onFailed === undefined) return throwError(() => error);
          onFailed(toPipelineError(error, 'sink'));
          return EMPTY;
        }),
      );
      return merge(outcome, others).pipe(finalize(() => video.kill()));
    });
}

/** What was tracked last, and the event time until which it may be shown on pictures of a stream apart. */
interface Latest {
  readonly tracked: TrackedFrame;
  readonly untilMs: number;
}

/** Boxes of a stream that ended must not stay in the pictures of another that goes on. */
const LASTING_MS = 2000;
const LASTING_INTERVALS = 2;

function lastingUntilMs({ frame: { atMs } }: TrackedFrame, before: Latest | undefined): number {
  const intervalMs = before === undefined ? 0 : atMs - before.tracked.frame.atMs;
  return atMs + Math.max(LASTING_MS, LASTING_INTERVALS * intervalMs);
}

function belongTogether({ info, isApart = false }: ViewFrame, { tracked, untilMs }: Latest): boolean {
  // Tracks of another segment may be of another picture.
  if (!isApart) return tracked.frame.segment.epoch === info.segment.epoch;
  return info.atMs <= untilMs;
}

interface Video {
  show(view: ViewFrame, latest: Latest | undefined): void;
  /** No more view frames. */
  end(): void;
  kill(): void;
  /** Completes when the file is complete or there is none to write; an error tells why it cannot be written. */
  readonly outcome: Observable<never>;
}

interface Recording {
  readonly encoder: Mp4Encoder;
  /** Of the first picture, and so of the video. */
  readonly size: Size;
}

function createVideo({
  path,
  sampleAspect,
  maxWaitingFrames,
  onDropped,
  onFinished,
}: AnnotatedVideoOptions & { readonly maxWaitingFrames: number }): Video {
  const outcome = new Subject<never>();
  const clock = createOutputClock(TICKS_PER_MS);
  let recording: Recording | undefined;
  let hasFailed = false;
  let frameCount = 0;
  let droppedCount = 0;

  function start({ info, size }: ViewFrame): Recording {
    const aspect = sampleAspect?.(info);
    const encoder = startMp4Encoder({ path, size, ...(aspect && { sampleAspect: aspect }) });
    encoder.finished.then(complete).catch((error: unknown) => {
      hasFailed = true;
      encoder.kill();
      outcome.error(error);
    });
    return { encoder, size };
  }

  function write(view: ViewFrame, latest: Latest | undefined, recording: Recording) {
    const { info, size, lease } = view;
    if (latest !== undefined && belongTogether(view, latest)) {
      const { tracks, frame } = latest.tracked;
      drawTracks(lease.pixels, size, scaleTracks(tracks, frame.source, size));
    }
    const pixels = isSameSize(size, recording.size)
      ? lease.pixels
      : fitI420(lease.pixels, size, recording.size);
    recording.encoder.write(pixels, clock.next(info), () => lease.release());
    frameCount++;
  }

  function complete() {
    onFinished?.({ path, frameCount, droppedCount });
    outcome.complete();
  }

  return {
    outcome,
    show(view, latest) {
      const { info, lease } = view;
      if (hasFailed) {
        lease.release();
        return;
      }
      try {
        recording ??= start(view);
        if (info.mode === 'recorded' || recording.encoder.waitingCount < maxWaitingFrames) {
          write(view, latest, recording);
          return;
        }
      } catch (error) {
        lease.release();
        throw error;
      }
      droppedCount++;
      lease.release();
      onDropped?.(info);
    },
    end() {
      if (recording === undefined) complete();
      else recording.encoder.end();
    },
    kill: () => recording?.encoder.kill(),
  };
}

/** FFmpeg would tell it too, but only after the first frames. */
function findPathFault(path: string): PipelineError | undefined {
  const fault = (got: string, cause?: unknown) =>
    new PipelineError(
      'sink',
      redact(`annotated video ${path}: expected a file in a writable folder, got ${got}`),
      { cause },
    );
  try {
    const existing = statSync(path, { throwIfNoEntry: false });
    if (existing?.isDirectory() === true) return fault('a folder');
    accessSync(existing === undefined ? dirname(path) : path, constants.W_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    return fault(code === 'ENOENT' ? 'no such folder' : (code ?? 'none'), cause);
  }
  return undefined;
}

function isSameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}

/** Tracks whose boxes are in pixels of another size of the same picture. */
function scaleTracks(tracks: readonly Track[], from: Size, to: Size): readonly Track[] {
  if (isSameSize(from, to)) return tracks;
  const [x, y] = [to.width / from.width, to.height / from.height];
  return tracks.map((track) => {
    const [x1, y1, x2, y2] = track.box;
    return { ...track, box: [x1 * x, y1 * y, x2 * x, y2 * y] };
  });
}
