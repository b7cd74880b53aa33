import { createHash } from 'node:crypto';
import { isNativeError } from 'node:util/types';
import type { RedisClient } from './redis';

/** A Lua script that Redis knows by its hash after the first run. */
export interface RedisScript {
  /**
   * Runs it in one round trip, or two where the server does not know it yet. In a Cluster all keys must share a slot, and a
   * script may touch no others. Rejects with the error of ioredis.
   */
  run(
    client: RedisClient,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
  ): Promise<unknown>;
}

/** A script from its source. */
export function createRedisScript(source: string): RedisScript {
  const sha1 = createHash('sha1').update(source).digest('hex');
  return {
    async run(client, keys, args) {
      try {
        return await client.evalsha(sha1, keys.length, ...keys, ...args);
      } catch (error) {
        // A server that was restarted, or took over from another, knows no scripts.
        if (!isNativeError(error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return client.eval(source, keys.length, ...keys, ...args);
      }
    },
  };
}
