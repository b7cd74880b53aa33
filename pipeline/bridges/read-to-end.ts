import type { Keys } from '../../models/domain/keys';
import { createRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { pause } from '../client/shard';
import { groupFacts, isMissing, streamFacts } from '../client/stream-facts';

export interface ReadToEndOptions {
  readonly url: string;
  readonly keys: Keys;
  readonly group: string;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

const EVERY_MS = 50;

/** Resolves with true when the group has dealt with everything the log holds, with false when the wait is over. Never rejects. */
export async function readToEnd({ url, keys, group, signal }: ReadToEndOptions): Promise<boolean> {
  const client = createRedis({ url, role: 'producer', purpose: 'bridge-drain' });
  try {
    while (!signal.aborted) {
      if (await isAtEnd(client, keys, group).catch(() => false)) return true;
      await pause(EVERY_MS, signal);
    }
    return false;
  } finally {
    client.disconnect();
  }
}

async function isAtEnd(client: RedisClient, keys: Keys, group: string): Promise<boolean> {
  const shards = Number((await client.hget(keys.eventsInfo, 'shards')) ?? 1);
  for (let shard = 0; shard < shards; shard++) {
    if (!(await isShardAtEnd(client, keys.events(shard), group))) return false;
  }
  return true;
}

async function isShardAtEnd(client: RedisClient, key: string, group: string): Promise<boolean> {
  try {
    const facts = groupFacts(await client.xinfo('GROUPS', key), group);
    const { newestId } = streamFacts(await client.xinfo('STREAM', key));
    return facts !== undefined && facts.pending === 0 && facts.lastDeliveredId === newestId;
  } catch (error) {
    if (isMissing(error)) return true;
    throw error;
  }
}
