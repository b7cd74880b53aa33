import { createHash } from 'node:crypto';
import { base32 } from './event-id';
import type { EventData } from './event';
import type { CameraId } from './frame';

/** What `track.ended` tells of a snapshot, beside its key. */
export type SnapshotFacts = NonNullable<EventData<'track.ended'>['snapshot']>;

/** A snapshot that was stored: its key and what is told of it. */
export interface StoredSnapshot {
  readonly key: string;
  readonly facts: SnapshotFacts;
}

/**
 * Why a track ended without a snapshot: nothing of it was shown (`no_picture`) or could be kept in memory (`no_room`); it could
 * not be made (`encode`); its place is full, may not be written (`denied`), is away (`unreachable`), or failed otherwise
 * (`other`); or it took too long (`late`), and is stored unmentioned.
 */
export const SNAPSHOT_FAILURES = [
  'no_picture',
  'no_room',
  'encode',
  'full',
  'denied',
  'unreachable',
  'other',
  'late',
] as const;

export type SnapshotFailure = (typeof SNAPSHOT_FAILURES)[number];

/** A picture could not be stored. */
export class SnapshotError extends Error {
  readonly reason: SnapshotFailure;

  constructor(reason: SnapshotFailure, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}

/** Where JPEGs are kept, for some time. */
export interface SnapshotStore {
  readonly kind: SnapshotFacts['store'];
  /** The place for people, without credentials. */
  readonly name: string;
  /** How readers find what was put under a name. */
  keyOf(name: string): string;
  /** Stores a JPEG, in place of what had the name before; then it is there in full. Rejects with a SnapshotError. */
  put(name: string, jpeg: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** What may name a snapshot: safe as the name of a file and as part of a key, whatever a camera is called. */
export const SNAPSHOT_NAME = /^[a-z0-9][a-z0-9_-]{0,199}\.jpg$/;

const RUN_DIGITS = 8;

/** Throws a RangeError for what is no name of a snapshot. */
export function checkSnapshotName(name: string): void {
  if (SNAPSHOT_NAME.test(name)) return;
  throw new RangeError(
    `snapshot: expected a name of a-z, 0-9, "_" and "-" that ends in .jpg, got ${JSON.stringify(name)}`,
  );
}

/** What tells a track from all others, also from those of other recordings under the same camera's name. */
export interface SnapshotIdentity {
  readonly cameraId: CameraId;
  /** `source` of the camera's events. */
  readonly source: string;
  readonly runKey: string;
  readonly epoch: number;
  readonly number: number;
}

/** The same for the same track of the same recording, settings and model: a repeated run replaces its snapshots. */
export function snapshotName({ cameraId, source, runKey, epoch, number }: SnapshotIdentity): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([source, runKey]))
    .digest();
  const run = base32(digest).slice(0, RUN_DIGITS);
  return `${cameraId}-${String(epoch)}-${String(number)}-${run}.jpg`;
}
