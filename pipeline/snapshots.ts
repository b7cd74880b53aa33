import type { Registry } from 'prom-client';
import type { Config, SnapshotsConfig } from '../config/schema';
import type { PipelineError } from '../models/domain/errors';
import type { CameraId, SourceMode } from '../models/domain/frame';
import { snapshotName } from '../models/domain/snapshot';
import type { SnapshotStore } from '../models/domain/snapshot';
import type { Track } from '../models/domain/track';
import { createSnapshotDirectory } from '../operators/sinks/snapshot-directory';
import { createSnapshotWriter } from '../operators/sinks/snapshot-writer';
import type { SnapshotWriter } from '../operators/sinks/snapshot-writer';
import type { SinkNotice } from '../operators/sinks/spool-notices';
import { createJpegEncoder } from '../operators/support/jpeg-encoder';
import { createSavedSnapshots } from '../operators/support/saved-snapshots';
import type { SavedSnapshots } from '../operators/support/saved-snapshots';
import type { KeepBestFramesOptions } from '../operators/transforms/keep-best-frames';
import { createStatsMetrics } from './stats-metrics';

/** Where a process stores the best pictures of tracks, and how they are to be. */
export interface Snapshots {
  readonly isCropped: boolean;
  readonly maxWidth: number;
  readonly writer: SnapshotWriter;
}

export interface OpenSnapshotsOptions {
  /** Redis is not reached, and is tried again. */
  readonly onTrouble: (error: PipelineError) => void;
  /** Storing began to fail, or works again. */
  readonly onNotice: (notice: SinkNotice) => void;
}

/**
 * Opens the snapshots of a configuration; undefined where it has none. Rejects with PipelineError `sink` for a folder that cannot be
 * written; a Redis that is away is not waited for.
 */
export async function openSnapshots(
  { snapshots, namespace }: Pick<Config, 'snapshots' | 'namespace'>,
  { onTrouble, onNotice }: OpenSnapshotsOptions,
): Promise<Snapshots | undefined> {
  if (snapshots === undefined) return undefined;
  const { crop, box, maxWidth, quality } = snapshots;
  const encode = await createJpegEncoder();
  const store = await openStore(snapshots, namespace, onTrouble);
  const writer = createSnapshotWriter({ store, encode, quality, hasBox: box, onNotice });
  return { isCropped: crop, maxWidth, writer };
}

async function openStore(
  { store, retention }: SnapshotsConfig,
  namespace: string,
  onError: (error: PipelineError) => void,
): Promise<SnapshotStore> {
  switch (store.type) {
    case 'directory':
      return createSnapshotDirectory({ path: store.path, retention });
    case 'redis': {
      const { createSnapshotRedis } = await import('../operators/sinks/snapshot-redis.js');
      return createSnapshotRedis({ url: store.url, namespace, retention, onError });
    }
  }
}

/** An event does not come later than this for want of its snapshot. */
const LIVE_WAIT_MS = 2000;
/** Events of recordings are to be the same on every run, so that a slow disk rather holds them back. */
const RECORDED_WAIT_MS = 10_000;

export interface CameraSnapshotsOptions {
  readonly cameraId: CameraId;
  readonly mode: SourceMode;
  /** `source` of the camera's events. */
  readonly source: string;
  readonly runKey: string;
}

/** What a camera's chain needs to keep snapshots and to tell of them. */
export interface CameraSnapshots {
  readonly keep: KeepBestFramesOptions;
  readonly saved: SavedSnapshots;
}

/** The snapshots of one camera, for one run of its chain. */
export function cameraSnapshots(
  { isCropped, maxWidth, writer }: Snapshots,
  { cameraId, mode, source, runKey }: CameraSnapshotsOptions,
): CameraSnapshots {
  const saved = createSavedSnapshots({
    maxWaitMs: mode === 'live' ? LIVE_WAIT_MS : RECORDED_WAIT_MS,
    onLate: () => writer.missed('late'),
  });
  const onEnded: KeepBestFramesOptions['onEnded'] = (track, picture, why) => {
    if (picture === undefined) {
      writer.missed(why);
      return undefined;
    }
    const saving = writer.save(nameOf(track), track, picture);
    saved.add(`${cameraId}-${track.epoch}-${track.number}`, saving);
    return saving;
  };
  const nameOf = ({ epoch, number }: Track) => snapshotName({ cameraId, source, runKey, epoch, number });
  return { keep: { isCropped, maxWidth, onEnded }, saved };
}

/** Exports what became of snapshots. */
export function watchSnapshots(registry: Registry, { writer }: Snapshots): void {
  const { counter, counters } = createStatsMetrics(registry, () => writer.stats());
  counter(
    'sightline_snapshots_stored_total',
    'Snapshots of tracks that were stored.',
    ({ stored }) => stored,
  );
  counter('sightline_snapshots_bytes_total', 'Bytes of the JPEGs that were stored.', ({ bytes }) => bytes);
  counters(
    'sightline_snapshots_failed_total',
    'Tracks that ended without a snapshot, by cause.',
    'reason',
    ({ failed }) => failed,
  );
}
