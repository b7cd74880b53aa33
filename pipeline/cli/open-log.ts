import { createKeys } from '../../models/domain/keys';
import type { Keys } from '../../models/domain/keys';
import { MAX_SHARDS } from '../../models/domain/shard';
import { createRedis, waitForRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { parseRedisUrl, redisName } from '../../models/support/redis-url';
import type { LogPlace } from './events-flags';

/** A connection to an event log. */
export interface OpenLog {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly shards: number;
  /** For messages. */
  readonly name: string;
  close(): void;
}

const CONNECT_MS = 5000;

/** Connects. Rejects with a PipelineError when that fails within some seconds. */
export async function openLog({ url, namespace }: LogPlace): Promise<OpenLog> {
  const address = parseRedisUrl(url);
  const name = address === undefined ? 'redis' : redisName(address);
  const client = createRedis({ url, role: 'producer', purpose: 'events-cli' });
  const keys = createKeys(namespace);
  try {
    await waitForRedis(client, name, CONNECT_MS);
    const shards = Number((await client.hget(keys.eventsInfo, 'shards')) ?? 1);
    const isCount = Number.isInteger(shards) && shards >= 1 && shards <= MAX_SHARDS;
    return { client, keys, shards: isCount ? shards : 1, name, close: () => client.disconnect() };
  } catch (error) {
    client.disconnect();
    throw error;
  }
}
