import { Observable } from 'rxjs';
import type { MonoTypeOperatorFunction } from 'rxjs';
import type { FrameInfo, ViewFrame } from '../../models/domain/frame';
import type { Box, Size } from '../../models/domain/geometry';
import type { EndedTrack, Track, TrackedFrame, TracksClosed } from '../../models/domain/track';
import { boxInCut, cutI420, planCut } from '../support/crop-i420';
import { i420ByteLength } from '../support/i420-painter';
import { sharpnessOf, worthOf } from '../support/frame-quality';

/** The picture that shows a track best: a copy, which nobody else has. */
export interface BestPicture {
  /** Stream time of the frame in which the track was so. */
  readonly ptsMs: number;
  /** Estimated wall time of capture of the picture; live only. */
  readonly capturedAtMs?: number;
  /** I420, with square pixels. */
  readonly pixels: Uint8Array;
  readonly size: Size;
  /** Of the track, in pixels of this picture. */
  readonly box: Box;
  /** Of the detection in it. */
  readonly score: number;
}

export interface KeepBestFramesOptions {
  /** Keep the object and a little around it, not the whole picture. */
  readonly isCropped: boolean;
  /** Pixels across that are kept of a picture, at most. */
  readonly maxWidth: number;
  /** Tracks of which a picture is kept at once, at most. Default 256. */
  readonly maxTracks?: number;
  /** Pixels of all that are kept, also of those that are being stored, in bytes. Default 32 MiB. */
  readonly maxBytes?: number;
  /**
   * A track has ended. Its picture counts as kept until the result is settled; it must not reject. Without a picture: why.
   */
  readonly onEnded: (
    track: Track,
    picture: BestPicture | undefined,
    why: 'no_picture' | 'no_room',
  ) => PromiseLike<unknown> | undefined;
}

/** What one camera's chain carries behind the tracker. */
interface Other {
  readonly kind: string;
}

interface Kept extends BestPicture {
  readonly quality: number;
}

const DEFAULT_MAX_TRACKS = 256;
const DEFAULT_MAX_BYTES = 32 * 1024 * 1024;
/** A picture takes the place of another when it is better by this: a track is copied a few dozen times at most. */
const BETTER_BY = 1.1;
/** Live tracks whose refusal is remembered; of more than that, another reason is told. */
const MOST_REFUSED = 4096;
/** A picture of another stream shows what was found so near to it in time, at most. */
const APART_MS = 100;
/** Times of two streams are estimates: more room for who moves. */
const APART_MARGIN = 0.3;

/**
 * Keeps a copy of the picture that shows each confirmed track best, and gives it away when the track ends: score × size × sharpness,
 * away from the edges of the picture. Everything passes on at once, views with their holds.
 *
 * A picture counts when it is of a tracked frame that somebody looked at, for tracks that were seen in it; of a stream apart,
 * when it was taken within 100 ms of it, the nearer the better. What is kept is one small copy a track, bounded in number and
 * bytes: a track that finds no room is looked at again with each picture. Where there are several sizes of the same picture, the
 * larger wins. State per subscription; what is kept is dropped when the consumer leaves or the source errs. Throws a RangeError
 * when an option is out of range.
 */
export function keepBestFrames<T extends Other>(
  options: KeepBestFramesOptions,
): MonoTypeOperatorFunction<T | ViewFrame> {
  const { maxWidth, maxTracks = DEFAULT_MAX_TRACKS, maxBytes = DEFAULT_MAX_BYTES } = options;
  for (const [name, value] of Object.entries({ maxWidth, maxTracks, maxBytes })) {
    if (!(value >= 1)) throw new RangeError(`keepBestFrames: expected ${name} of 1 or more, got ${value}`);
  }
  return (source) =>
    new Observable((subscriber) => {
      const keeper = createKeeper({ ...options, maxTracks, maxBytes });
      return source.subscribe({
        next(item) {
          keeper.take(item);
          subscriber.next(item);
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}

const keyOf = ({ epoch, number }: Track) => `${epoch}-${number}`;

function createKeeper({
  isCropped,
  maxWidth,
  maxTracks,
  maxBytes,
  onEnded,
}: Required<KeepBestFramesOptions>) {
  const kept = new Map<string, Kept>();
  /** Tracks that were worth a picture and found no room for one. */
  const refused = new Set<string>();
  let heldBytes = 0;
  let latest: TrackedFrame | undefined;

  function finish({ track }: EndedTrack): void {
    const key = keyOf(track);
    const picture = kept.get(key);
    const why = refused.delete(key) ? 'no_room' : 'no_picture';
    kept.delete(key);
    const stored = onEnded(track, picture, why);
    if (picture === undefined) return;
    const free = () => {
      heldBytes -= picture.pixels.length;
    };
    if (stored === undefined) free();
    else stored.then(free, free);
  }

  function consider(view: ViewFrame): void {
    const apartMs = latest && apartFrom(latest.frame, view);
    if (latest === undefined || apartMs === undefined) return;
    const { info, size, lease, isApart = false } = view;
    const { frame, tracks } = latest;
    let whole: Uint8Array | undefined;
    for (const track of tracks) {
      if (!track.isVisible) continue;
      const key = keyOf(track);
      const before = kept.get(key);
      const box = scaled(boxAfter(apartMs, track), frame.source, size);
      const shown = { view, box, score: track.score, trust: 1 - Math.abs(apartMs) / (2 * APART_MS) };
      const quality = qualityAbove((before?.quality ?? 0) * BETTER_BY, shown);
      if (quality === undefined) continue;
      const cut = planCut({
        ...{ size, maxWidth, sampleAspect: info.sampleAspect },
        ...(isCropped && { box }),
        ...(isApart && { margin: APART_MARGIN }),
      });
      const moreBytes = i420ByteLength(cut.to) - (before?.pixels.length ?? 0);
      if (heldBytes + moreBytes > maxBytes || (before === undefined && kept.size >= maxTracks)) {
        if (before === undefined && refused.size < MOST_REFUSED) refused.add(key);
        continue;
      }
      refused.delete(key);
      heldBytes += moreBytes;
      // To make a large picture small takes milliseconds: once for all tracks in it.
      if (!isCropped) whole ??= cutI420(lease.pixels, size, cut);
      kept.set(key, {
        ptsMs: frame.ptsMs,
        ...(info.capturedAtMs !== undefined && { capturedAtMs: info.capturedAtMs }),
        pixels: whole?.slice() ?? cutI420(lease.pixels, size, cut),
        size: cut.to,
        box: boxInCut(box, cut),
        score: track.score,
        quality,
      });
    }
  }

  return {
    take(item: Other): void {
      if (item.kind === 'view') {
        consider(item as unknown as ViewFrame);
      } else if (item.kind === 'tracked') {
        const tracked = item as unknown as TrackedFrame;
        latest = tracked.unobserved === undefined ? tracked : undefined;
        tracked.ended.forEach(finish);
      } else if (item.kind === 'closed') {
        latest = undefined;
        (item as unknown as TracksClosed).ended.forEach(finish);
      }
    },
  };
}

/** How an object is shown. */
interface Shown {
  readonly view: ViewFrame;
  /** In pixels of the view. */
  readonly box: Box;
  readonly score: number;
  /** How surely the box is where the object is, 0 to 1. */
  readonly trust: number;
}

/** The quality of what is shown, when it is above the bound. */
function qualityAbove(
  bound: number,
  { view: { size, lease }, box, score, trust }: Shown,
): number | undefined {
  const worth = worthOf(score, box, size) * trust;
  // Sharpness is below 1: what it cannot save is not looked at.
  if (worth <= bound) return undefined;
  const quality = worth * sharpnessOf(lease.pixels, size, box);
  return quality > bound ? quality : undefined;
}

/** Where a track's box is so many milliseconds after its frame, as far as is known. */
function boxAfter(ms: number, { box: [x1, y1, x2, y2], velocity }: Track): Box {
  const [x, y] = [(velocity[0] * ms) / 1000, (velocity[1] * ms) / 1000];
  return [x1 + x, y1 + y, x2 + x, y2 + y];
}

/** How much later than the frame the view was taken, in milliseconds; undefined when it does not show the frame. */
function apartFrom(frame: FrameInfo, { info, isApart = false }: ViewFrame): number | undefined {
  if (!isApart)
    return info.segment.epoch === frame.segment.epoch && info.ptsMs === frame.ptsMs ? 0 : undefined;
  const apartMs = info.atMs - frame.atMs;
  return Math.abs(apartMs) <= APART_MS ? apartMs : undefined;
}

function scaled([x1, y1, x2, y2]: Box, from: Size, to: Size): Box {
  const [x, y] = [to.width / from.width, to.height / from.height];
  return [x1 * x, y1 * y, x2 * x, y2 * y];
}
