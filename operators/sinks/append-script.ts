import type { OpenChange } from '../../models/domain/open-tracks';
import type { Keys } from '../../models/domain/keys';
import type { RedisClient } from '../../models/support/redis';
import { createRedisScript } from '../../models/support/redis-script';

/** One event on its way to the stream. */
export interface Entry {
  readonly type: string;
  readonly camera: string;
  readonly id: string;
  /** What of the camera is open from then on. */
  readonly open: OpenChange;
  /** The whole event in JSON. */
  readonly data: string;
  /** Under which lease it was written; undefined: not fenced. */
  readonly fence: number | undefined;
}

export interface AppenderOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  /** The part of the log that is appended to, from 0. */
  readonly shard: number;
  /** Id of this writer; no other may ever have used it, since its batches are counted from 1. */
  readonly writer: string;
  /** Entries the stream keeps, about. */
  readonly maxLen: number;
  /** Entries older than this, by Redis' clock, are trimmed, about; undefined: kept whatever their age. */
  readonly maxAgeMs: number | undefined;
  /**
   * How long Redis remembers a writer that was not closed; it has to outlast every repetition of its last batch. Default: an
   * hour.
   */
  readonly writerTtlMs?: number;
}

/** Appends batches to the event stream. */
export interface Appender {
  /**
   * Appends the batch in one step that no other client can come between, and gives the number of superseded events by camera.
   * Rejects with the error of ioredis; then the same batch may be repeated under the same number, and changes nothing if
   * it was appended after all. Numbers grow.
   */
  append(batch: number, entries: readonly Entry[]): Promise<ReadonlyMap<string, number>>;
  /**
   * From now on nothing is appended under a lower fence; gives the events that tell what is open of the camera, JSON. Nothing
   * when a higher fence has written. Rejects with the error of ioredis.
   */
  claim(camera: string, fence: number | undefined): Promise<readonly string[]>;
  /** Forgets the writer, after its last batch. */
  forget(): Promise<void>;
}

/** Entries that the stream of superseded events keeps, about. */
const LATE_MAX_LEN = 10_000;

const HOUR_MS = 3_600_000;

/**
 * KEYS: events, late, fences, sequences, writer, then what is open of each camera of the batch.
 * ARGV: batch, maxLen, maxAgeMs or 0, lateMaxLen, writerTtlMs, number of cameras, their names, then for each event seven of:
 * camera (from 1), fence or '', type, id, open field to keep it under or '', open fields to drop by lines, data.
 * Returns superseded events as "<camera> <count> …".
 *
 * Of a field that changes several times in a batch, and of the cameras' numbers, only what is so in the end is written.
 *
 * A script that fails keeps what it wrote before: so all that can fail comes first (what the user may do only from Redis 7 on,
 * and once a writer), and the first write is one that Redis refuses when it is out of memory. Only Redis before 7 needs (and
 * all up to 8 have) `replicate_commands`: without it nothing may be written after an XADD that chose its own id.
 */
const script = createRedisScript(`
if redis.replicate_commands then redis.replicate_commands() end
local events, late, fences, sequences, writer = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local batch, cameras = tonumber(ARGV[1]), tonumber(ARGV[6])
local last, former = string.match(redis.call('GET', writer) or '', '^(%d+) ?(.*)$')
if last and tonumber(last) >= batch then
  return tonumber(last) == batch and former or ''
end
if not last and redis.acl_check_cmd then
  for _, command in ipairs({ { 'XADD', events, '*', 'a', 'b' }, { 'XADD', late, '*', 'a', 'b' }, { 'XTRIM', events, 'MAXLEN', 1 },
      { 'HSET', sequences, 'a', 1 }, { 'HSET', fences, 'a', 1 }, { 'HDEL', KEYS[6], 'a' }, { 'SET', writer, 1 } }) do
    if not redis.acl_check_cmd(unpack(command)) then
      return redis.error_reply('NOPERM this user has no permission to run ' .. command[1] .. ' on ' .. command[2])
    end
  end
end
redis.call('XLEN', events)
redis.call('XLEN', late)
redis.call('HLEN', sequences)
local highest, superseded, seqs, open, grown = {}, {}, {}, {}, {}
for c = 1, cameras do
  redis.call('HLEN', KEYS[5 + c])
  seqs[c] = tonumber(redis.call('HGET', sequences, ARGV[6 + c]) or '0')
  open[c] = {}
  highest[c] = tonumber(redis.call('HGET', fences, ARGV[6 + c]) or '0')
end

local newest
for i = 7 + cameras, #ARGV, 7 do
  local c, fence = tonumber(ARGV[i]), ARGV[i + 1]
  local kind, id, keep, drop, data = ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5], ARGV[i + 6]
  local camera, number = ARGV[6 + c], tonumber(fence)
  if number and number < highest[c] then
    redis.call('XADD', late, 'MAXLEN', '~', ARGV[4], '*',
      'type', kind, 'camera', camera, 'id', id, 'fence', fence, 'data', data)
    superseded[c] = (superseded[c] or 0) + 1
  else
    if number and number > highest[c] then
      redis.call('HSET', fences, camera, fence)
      highest[c] = number
    end
    local seq, fields = seqs[c] + 1, open[c]
    seqs[c], grown[c] = seq, true
    newest = redis.call('XADD', events, '*',
      'type', kind, 'camera', camera, 'id', id, 'seq', string.format('%.0f', seq), 'data', data)
    if keep ~= '' then fields[keep] = data end
    for field in string.gmatch(drop, '[^\\n]+') do fields[field] = false end
  end
end

for c = 1, cameras do
  if grown[c] then redis.call('HSET', sequences, ARGV[6 + c], string.format('%.0f', seqs[c])) end
  for field, data in pairs(open[c]) do
    if data then redis.call('HSET', KEYS[5 + c], field, data) else redis.call('HDEL', KEYS[5 + c], field) end
  end
end

if newest then
  redis.call('XTRIM', events, 'MAXLEN', '~', ARGV[2])
  local minMs = tonumber(string.match(newest, '^%d+')) - tonumber(ARGV[3])
  if tonumber(ARGV[3]) > 0 and minMs > 0 then
    redis.call('XTRIM', events, 'MINID', '~', string.format('%.0f', minMs))
  end
end
local result = {}
for c, count in pairs(superseded) do
  result[#result + 1] = c .. ' ' .. count
end
local text = table.concat(result, ' ')
redis.call('SET', writer, ARGV[1] .. ' ' .. text, 'PX', ARGV[5])
return text
`);

/** KEYS: fences, what is open of the camera. ARGV: camera, fence or ''. */
const claimScript = createRedisScript(`
local fence, highest = tonumber(ARGV[2]), tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
if fence and fence < highest then return {} end
if fence and fence > highest then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
return redis.call('HVALS', KEYS[2])
`);

/** An appender on one writer's connection. Redis 6.2 or newer. */
export function createAppender(options: AppenderOptions): Appender {
  const { client, keys, shard, writer, maxLen, maxAgeMs = 0, writerTtlMs = HOUR_MS } = options;
  const streamKeys = [
    ...[keys.events(shard), keys.late(shard), keys.fences(shard), keys.sequences(shard)],
    keys.writer(writer, shard),
  ];
  return {
    async append(batch, entries) {
      const cameras = [...new Set(entries.map(({ camera }) => camera))];
      const numberOf = new Map(cameras.map((camera, index) => [camera, index + 1]));
      const settings = [batch, maxLen, maxAgeMs, LATE_MAX_LEN, writerTtlMs, cameras.length];
      const reply = await script.run(
        client,
        [...streamKeys, ...cameras.map((camera) => keys.openTracks(camera, shard))],
        [
          ...settings,
          ...cameras,
          ...entries.flatMap(({ type, camera, id, open: { keep = '', drop }, data, fence = '' }) => [
            numberOf.get(camera)!,
            fence,
            type,
            id,
            keep,
            drop.join('\n'),
            data,
          ]),
        ],
      );
      return parseCounts(reply, cameras);
    },
    async claim(camera, fence) {
      const reply = await claimScript.run(
        client,
        [keys.fences(shard), keys.openTracks(camera, shard)],
        [camera, fence ?? ''],
      );
      return (reply as unknown[]).map(String);
    },
    async forget() {
      await client.del(keys.writer(writer, shard));
    },
  };
}

function parseCounts(reply: unknown, cameras: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [, number, count] of String(reply).matchAll(/(\d+) (\d+)/g)) {
    const camera = cameras[Number(number) - 1];
    if (camera !== undefined) counts.set(camera, Number(count));
  }
  return counts;
}
