import type { Keys } from '../../models/domain/keys';
import type { RedisClient } from '../../models/support/redis';
import { createRedisScript } from '../../models/support/redis-script';

export interface LeaseCommandsOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  /** The process that asks. */
  readonly ingestId: string;
  /** How long a lease lasts from its last renewal. */
  readonly ttlMs: number;
}

/** What one process can do with the leases in Redis. All reject with the error of ioredis. */
export interface LeaseCommands {
  /** Who has the camera; undefined: nobody. */
  ownerOf(camera: string): Promise<string | undefined>;
  /**
   * Takes the camera when nobody else has it, and gives its new fence, which is greater than any before; undefined: another
   * has it. A lease this process has already, from an answer that was lost or a time it was silent, begins anew.
   */
  acquire(camera: string, redisNowMs: number): Promise<number | undefined>;
  /** Makes the lease last from now; false: this process has it no more. */
  renew(camera: string): Promise<boolean>;
  /** Gives the lease back, if this process has it. */
  release(camera: string): Promise<void>;
}

/**
 * KEYS: lease, fence. ARGV: ingest id, time to live in ms, Redis' time in ms. The time keeps fences growing where the last
 * one was lost: a Redis that was restarted empty, or that took over before it had heard of it.
 */
const acquireScript = createRedisScript(`
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return false end
local last = tonumber(redis.call('GET', KEYS[2]) or '0') or 0
local fence = string.format('%.0f', math.max(last + 1, tonumber(ARGV[3])))
redis.call('SET', KEYS[2], fence)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return fence
`);

/** KEYS: lease. ARGV: ingest id, time to live in ms. */
const renewScript = createRedisScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`);

/** KEYS: lease. ARGV: ingest id. */
const releaseScript = createRedisScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`);

/** One camera a command: in a Cluster the keys of different cameras lie on different nodes. */
export function createLeaseCommands({ client, keys, ingestId, ttlMs }: LeaseCommandsOptions): LeaseCommands {
  return {
    async ownerOf(camera) {
      return (await client.get(keys.lease(camera))) ?? undefined;
    },
    async acquire(camera, redisNowMs) {
      const args = [ingestId, ttlMs, Math.floor(redisNowMs)];
      const fence = await acquireScript.run(client, [keys.lease(camera), keys.fence(camera)], args);
      return fence === null ? undefined : Number(fence);
    },
    async renew(camera) {
      return (await renewScript.run(client, [keys.lease(camera)], [ingestId, ttlMs])) === 1;
    },
    async release(camera) {
      await releaseScript.run(client, [keys.lease(camera)], [ingestId]);
    },
  };
}
