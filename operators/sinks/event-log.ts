import { EVENT_CONTRACT_VERSION } from '../../models/domain/event';
import { PipelineError } from '../../models/domain/errors';
import type { Keys } from '../../models/domain/keys';
import type { RedisClient } from '../../models/support/redis';
import { createRedisScript } from '../../models/support/redis-script';

export interface EventLogOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  /** For messages: the server without credentials. */
  readonly name: string;
  readonly shards: number;
  /** Entries older than this, by Redis' clock, are trimmed; undefined: kept whatever their age. */
  readonly maxAgeMs: number | undefined;
}

/** What a writer does for the log as a whole. */
export interface EventLog {
  /**
   * Writes down how many shards there are, for readers. Rejects with a PipelineError `config` when other writers use another
   * number, and with the error of ioredis.
   */
  register(): Promise<void>;
  /** Trims what is too old, also where no events come, and writes down again what a Redis lost. Rejects as `register`. */
  keep(): Promise<void>;
}

/**
 * KEYS: info. ARGV: shards, number of a log of which nothing was written down or '', version of the contract.
 * Returns the number that its writers use. `shards` never becomes less: what was written once is read as long as it is there.
 */
const registerScript = createRedisScript(`
local writing = redis.call('HGET', KEYS[1], 'writing')
if not writing and ARGV[2] ~= '' then writing = ARGV[2] end
if writing and writing ~= ARGV[1] then return writing end
local most = math.max(tonumber(redis.call('HGET', KEYS[1], 'shards') or '0'), tonumber(ARGV[1]))
redis.call('HSET', KEYS[1], 'writing', ARGV[1], 'shards', most, 'contract', ARGV[3])
return ARGV[1]
`);

/**
 * KEYS: events, late. ARGV: maxAgeMs. Exactly, since what is trimmed about keeps up to a hundred entries of any age
 * while no others come.
 */
const trimScript = createRedisScript(`
if redis.replicate_commands then redis.replicate_commands() end
local now = redis.call('TIME')
local minMs = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000) - tonumber(ARGV[1])
if minMs <= 0 then return end
for _, key in ipairs(KEYS) do redis.call('XTRIM', key, 'MINID', string.format('%.0f', minMs)) end
`);

/** The log of one namespace. */
export function createEventLog({ client, keys, name, shards, maxAgeMs }: EventLogOptions): EventLog {
  const all = Array.from({ length: shards }, (_, shard) => shard);

  async function register(): Promise<void> {
    const [known, most, contract] = await client.hmget(keys.eventsInfo, 'writing', 'shards', 'contract');
    const version = String(EVENT_CONTRACT_VERSION);
    // A server that is full takes no writes, also none that change nothing.
    if (known === String(shards) && Number(most) >= shards && contract === version) return;
    const assumed = known === null && (await client.exists(keys.events())) === 1 ? '1' : '';
    const writing = String(
      await registerScript.run(client, [keys.eventsInfo], [String(shards), assumed, version]),
    );
    if (writing === String(shards)) return;
    throw new PipelineError(
      'config',
      `${name}: expected shards: ${writing}, as other writers of ${keys.eventsInfo} have it, got ${shards}; another number ` +
        'moves cameras to other streams, where their numbering begins anew and nobody ends what is open: stop all writers, ' +
        `then allow it with: redis-cli HSET ${keys.eventsInfo} writing ${shards}`,
    );
  }

  return {
    register,
    async keep() {
      await register();
      if (maxAgeMs === undefined) return;
      // One after the other fails: the rest is trimmed all the same.
      const trims = all.map((shard) =>
        trimScript.run(client, [keys.events(shard), keys.late(shard)], [maxAgeMs]),
      );
      const failed = (await Promise.allSettled(trims)).find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    },
  };
}
