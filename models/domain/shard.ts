import { createHash } from 'node:crypto';

/** Most shards the event log may have. */
export const MAX_SHARDS = 64;

/** The shard of a camera's events: the first 32 bits of the SHA-256 of its name, modulo the number of shards. */
export function shardOf(camera: string, shards: number): number {
  return createHash('sha256').update(camera).digest().readUInt32BE(0) % shards;
}
