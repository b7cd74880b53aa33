import { systemClock } from '../../models/domain/clock';
import type { Clock } from '../../models/domain/clock';
import { toError } from '../../models/domain/errors';
import type { PipelineError } from '../../models/domain/errors';
import { createKeys } from '../../models/domain/keys';
import { SnapshotError, checkSnapshotName } from '../../models/domain/snapshot';
import type { SnapshotFailure, SnapshotStore } from '../../models/domain/snapshot';
import { atMostEvery } from '../../models/support/at-most-every';
import { createRedis } from '../../models/support/redis';
import { toRedisError } from '../../models/support/redis-errors';
import { createRedisScript } from '../../models/support/redis-script';
import { parseRedisUrl, redisName } from '../../models/support/redis-url';
import type { Retention } from '../support/file-shelf';

export interface SnapshotRedisOptions {
  readonly url: string;
  readonly namespace: string;
  /** Of all snapshots of the namespace, whoever wrote them. */
  readonly retention: Retention;
  /** The connection is not there, of the same fault every 10 s at most. */
  readonly onError?: (error: PipelineError) => void;
  readonly clock?: Clock;
}

const REPEAT_MS = 10_000;
/** Names that one write takes out of the account, at most: the next one takes the rest. */
const MOST_AT_ONCE = 200;

/**
 * KEYS: JPEG, index, sizes. ARGV: name, JPEG, most age, most of them, most bytes, names at once. Gives the names that have to go: their
 * keys are no keys of this script, which in a Cluster must be told all that it touches. What has expired only leaves the account.
 */
const PUT = createRedisScript(`
local index, sizes = KEYS[2], KEYS[3]
local function forget(name)
  local bytes = redis.call('HGET', sizes, name)
  if bytes then redis.call('HINCRBY', sizes, 'total', -bytes) end
  redis.call('HDEL', sizes, name)
  redis.call('ZREM', index, name)
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
forget(ARGV[1])
redis.call('ZADD', index, now, ARGV[1])
redis.call('HSET', sizes, ARGV[1], #ARGV[2])
redis.call('HINCRBY', sizes, 'total', #ARGV[2])
for _, name in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', now - ARGV[3], 'LIMIT', 0, ARGV[6])) do
  forget(name)
end
local surplus = {}
while #surplus < tonumber(ARGV[6]) do
  local isMuch = redis.call('ZCARD', index) > tonumber(ARGV[4])
    or tonumber(redis.call('HGET', sizes, 'total')) > tonumber(ARGV[5])
  local name = redis.call('ZRANGE', index, 0, 0)[1]
  if not isMuch or name == ARGV[1] then break end
  forget(name)
  surplus[#surplus + 1] = name
end
redis.call('PEXPIRE', index, ARGV[3])
redis.call('PEXPIRE', sizes, ARGV[3])
return surplus
`);

/**
 * Keeps JPEGs as strings of Redis that expire; beyond the bounds the oldest go first. Never waits for a Redis that is away: a
 * snapshot that does not get there at once is lost. Throws PipelineError `config` for what is no Redis URL.
 */
export function createSnapshotRedis({
  url,
  namespace,
  retention: { maxAgeMs, maxCount, maxBytes },
  onError,
  clock = systemClock,
}: SnapshotRedisOptions): SnapshotStore {
  const keys = createKeys(namespace);
  const report = onError && atMostEvery(REPEAT_MS, clock, onError);
  const client = createRedis({
    ...{ url, role: 'producer', purpose: 'snapshots' },
    ...(report !== undefined && { onError: report }),
  });
  const server = redisName(parseRedisUrl(url)!);

  return {
    kind: 'redis',
    name: `snapshots on ${server}`,
    keyOf: (name) => keys.snapshot(name),
    async put(name, jpeg) {
      checkSnapshotName(name);
      const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
      try {
        if (client.status !== 'ready')
          throw new SnapshotError('unreachable', 'expected Redis to be there, it is away');
        const surplus = (await PUT.run(
          client,
          [keys.snapshot(name), keys.snapshotIndex, keys.snapshotSizes],
          [name, bytes, maxAgeMs, maxCount, maxBytes, MOST_AT_ONCE],
        )) as readonly string[];
        // Lost with the connection, they expire.
        if (surplus.length > 0)
          await client.unlink(...surplus.map((one) => keys.snapshot(one))).catch(() => undefined);
      } catch (cause) {
        if (cause instanceof SnapshotError) throw cause;
        // Not as its cause: an error of ioredis carries the command, and with it the picture.
        const { detail } = toRedisError(cause, 'Redis');
        throw new SnapshotError(reasonOf(toError(cause).message), `expected it stored, got: ${detail}`);
      }
    },
    close() {
      client.disconnect();
      return Promise.resolve();
    },
  };
}

function reasonOf(message: string): SnapshotFailure {
  if (/^OOM\b|\bOOM\b/.test(message)) return 'full';
  if (/^(NOPERM|NOAUTH|WRONGPASS|READONLY|MISCONF)\b/.test(message)) return 'denied';
  return /^(ERR|WRONGTYPE)\b/.test(message) ? 'other' : 'unreachable';
}
