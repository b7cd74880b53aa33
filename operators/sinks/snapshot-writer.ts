import { toError } from '../../models/domain/errors';
import { SNAPSHOT_FAILURES, SnapshotError } from '../../models/domain/snapshot';
import type { SnapshotFailure, SnapshotStore, StoredSnapshot } from '../../models/domain/snapshot';
import type { Track } from '../../models/domain/track';
import type { JpegEncoder } from '../support/jpeg-encoder';
import { drawTracks } from '../support/overlay';
import { round, toMs } from '../support/track-event-data';
import { within } from '../support/within';
import type { BestPicture } from '../transforms/keep-best-frames';
import type { SinkNotice } from './spool-notices';

export interface SnapshotWriterOptions {
  readonly store: SnapshotStore;
  readonly encode: JpegEncoder;
  /** Of the JPEG, 1 to 100. */
  readonly quality: number;
  /** Draw the track's box, and its label where there is room above or below. */
  readonly hasBox: boolean;
  /** Pictures that are made and stored at once; others wait, as pixels. Default 2. */
  readonly mostAtOnce?: number;
  /** Storing began to fail, or works again. */
  readonly onNotice?: (notice: SinkNotice) => void;
}

/** What became of snapshots since the start. */
export interface SnapshotStats {
  readonly stored: number;
  /** Of the JPEGs that were stored. */
  readonly bytes: number;
  readonly failed: Readonly<Record<SnapshotFailure, number>>;
}

/** Makes JPEGs of pictures and stores them, for all cameras of a process. */
export interface SnapshotWriter {
  /** Takes over the pixels. Resolves when the JPEG is stored, or with undefined when that failed, which is counted. Never rejects. */
  save(name: string, track: Track, picture: BestPicture): Promise<StoredSnapshot | undefined>;
  /** Counts a track that has no snapshot. */
  missed(reason: SnapshotFailure): void;
  stats(): SnapshotStats;
  /** Waits some seconds for what is being stored, then closes the store. */
  close(): Promise<void>;
}

const CLOSE_MS = 2000;
const DEFAULT_AT_ONCE = 2;

/** A writer over an open store. Who calls `save` bounds how many wait. */
export function createSnapshotWriter({
  store,
  encode,
  quality,
  hasBox,
  mostAtOnce = DEFAULT_AT_ONCE,
  onNotice,
}: SnapshotWriterOptions): SnapshotWriter {
  const failed = Object.fromEntries(SNAPSHOT_FAILURES.map((reason) => [reason, 0])) as Record<
    SnapshotFailure,
    number
  >;
  const working = new Set<Promise<unknown>>();
  const queue: (() => void)[] = [];
  let free = mostAtOnce;
  let stored = 0;
  let bytes = 0;
  let isFailing = false;

  async function inTurn<T>(act: () => Promise<T>): Promise<T> {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => queue.push(resolve));
    try {
      return await act();
    } finally {
      const next = queue.shift();
      if (next === undefined) free++;
      else next();
    }
  }

  async function write(
    name: string,
    track: Track,
    picture: BestPicture,
  ): Promise<StoredSnapshot | undefined> {
    const { pixels, size, box, score } = picture;
    try {
      // A small cut has no room for a caption but over the object's head.
      if (hasBox) drawTracks(pixels, size, [{ ...track, box, isVisible: true }], { mayHide: false });
      const jpeg = await encode(pixels, size, quality).catch((cause: unknown) => {
        throw new SnapshotError('encode', `expected a JPEG, got: ${toError(cause).message}`, { cause });
      });
      await store.put(name, jpeg);
      stored++;
      bytes += jpeg.length;
    } catch (error) {
      fail(error);
      return undefined;
    }
    if (isFailing) onNotice?.({ level: 'info', message: `${store.name}: snapshots are stored again` });
    isFailing = false;
    const { ptsMs, capturedAtMs } = picture;
    return {
      key: store.keyOf(name),
      facts: {
        store: store.kind,
        ...size,
        ptsMs: toMs(ptsMs),
        ...(capturedAtMs !== undefined && { capturedAtMs: Math.round(capturedAtMs) }),
        score: round(score, 4),
        box: [round(box[0], 2), round(box[1], 2), round(box[2], 2), round(box[3], 2)],
      },
    };
  }

  function fail(error: unknown): void {
    failed[error instanceof SnapshotError ? error.reason : 'other']++;
    if (isFailing) return;
    isFailing = true;
    const { message } = toError(error);
    onNotice?.({
      level: 'warn',
      message: `${store.name}: ${message}; tracks end without a snapshot meanwhile`,
    });
  }

  return {
    save(name, track, picture) {
      const saving = inTurn(() => write(name, track, picture));
      working.add(saving);
      const done = () => working.delete(saving);
      saving.then(done, done);
      return saving;
    },
    missed(reason) {
      failed[reason]++;
    },
    stats: () => ({ stored, bytes, failed: { ...failed } }),
    async close() {
      await within(Promise.all(working), CLOSE_MS);
      await store.close();
    },
  };
}
