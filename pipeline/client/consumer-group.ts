import type { RedisClient } from '../../models/support/redis';
import { groupFacts, isMissing } from './stream-facts';

/** Whether the stream has the group; rejects with the error of ioredis. */
export async function hasGroup(client: RedisClient, key: string, name: string): Promise<boolean> {
  try {
    return groupFacts(await client.xinfo('GROUPS', key), name) !== undefined;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Makes the group, and the stream where there is none. Resolves with false when it was there; rejects with the error of ioredis. */
export async function createGroup(
  client: RedisClient,
  key: string,
  name: string,
  from: string,
): Promise<boolean> {
  try {
    await client.xgroup('CREATE', key, name, from, 'MKSTREAM');
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('BUSYGROUP')) return false;
    throw error;
  }
}
