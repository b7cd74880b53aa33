import type { RedisClient } from '../../models/support/redis';
import { createRedisScript } from '../../models/support/redis-script';
import { groupFacts, isMissing } from './stream-facts';

/**
 * Creates a group. Of one that begins at the end of the log Redis 7 is told how many entries that is: else it could not say how
 * far the group is behind before that has read up to the end once. KEYS: stream. ARGV: group, id to begin behind.
 */
const createGroupScript = createRedisScript(`
local create = { 'XGROUP', 'CREATE', KEYS[1], ARGV[1], ARGV[2], 'MKSTREAM' }
if ARGV[2] == '$' then
  local flat, log = redis.pcall('XINFO', 'STREAM', KEYS[1]), {}
  for i = 1, #flat, 2 do log[flat[i]] = flat[i + 1] end
  if log['entries-added'] then
    create[#create + 1] = 'ENTRIESREAD'
    create[#create + 1] = log['entries-added']
  end
end
return redis.pcall(unpack(create))
`);

/** Whether the stream has the group; rejects with the error of ioredis. */
export async function hasGroup(client: RedisClient, key: string, name: string): Promise<boolean> {
  try {
    return groupFacts(await client.xinfo('GROUPS', key), name) !== undefined;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/**
 * Creates a consumer group of a stream, which begins behind an id (`$`: the newest), and the stream where there is none.
 * Resolves with false when there was such a group; rejects with the error of ioredis.
 */
export async function createGroup(
  client: RedisClient,
  key: string,
  group: string,
  from: string,
): Promise<boolean> {
  try {
    await createGroupScript.run(client, [key], [group, from]);
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('BUSYGROUP')) return false;
    throw error;
  }
}
