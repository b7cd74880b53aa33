import { PipelineError, toError } from '../domain/errors';
import { mastersOf, nodeName } from './redis-client';
import type { Redis, RedisClient } from './redis-client';
import { toRedisError } from './redis-errors';

export interface RedisFacts {
  /** Of a cluster the oldest of its masters'. */
  readonly version: string;
  /** `noeviction`, or `unknown` where a hosted service does not tell. */
  readonly maxmemoryPolicy: string;
}

const VERSION_NEEDED = [6, 2] as const;

/**
 * Checks that Redis can be trusted with events: version 6.2 or newer, and a memory policy that evicts nothing, on each
 * master. Asks `INFO`, since managed services often forbid `CONFIG`; a policy that `INFO` leaves out is accepted, since nobody
 * could ever mend it. Rejects with a PipelineError `config`, or what kept it from asking.
 */
export async function checkRedis(client: RedisClient, name: string): Promise<RedisFacts> {
  const masters = mastersOf(client);
  if (masters.length === 0) {
    throw new PipelineError(
      'unknown',
      `${name}: expected a cluster of masters that know their addresses, got none`,
    );
  }
  const facts = await Promise.all(
    masters.map(async (master) => {
      const where = masters.length === 1 ? name : `${name} (${nodeName(master)})`;
      try {
        await selectDatabase(master, where);
        return readRedisFacts(`${await master.info('server')}\n${await master.info('memory')}`, where);
      } catch (error) {
        throw error instanceof PipelineError ? error : toRedisError(error, where);
      }
    }),
  );
  const [oldest] = facts.map(({ version }) => version).sort(compareVersions);
  const isTold = facts.every(({ maxmemoryPolicy }) => maxmemoryPolicy !== 'unknown');
  return { version: oldest!, maxmemoryPolicy: isTold ? 'noeviction' : 'unknown' };
}

/** ioredis 6 goes on in database 0, perhaps another installation's, where the one asked for does not exist. */
async function selectDatabase(master: Redis, where: string): Promise<void> {
  const { db = 0 } = master.options;
  if (db === 0) return;
  try {
    await master.select(db);
  } catch (error) {
    if (!/DB index/i.test(toError(error).message)) throw error;
    throw new PipelineError('config', `${where}: expected database ${db} to exist, got none`);
  }
}

/** What `INFO` tells of one server. Throws a PipelineError `config` when it must not be trusted. */
export function readRedisFacts(info: string, where: string): RedisFacts {
  const field = (key: string) => new RegExp(`^${key}:(.*?)\\s*$`, 'm').exec(info)?.[1] ?? 'unknown';
  const version = field('redis_version');
  const needed = VERSION_NEEDED.join('.');
  if (!/^\d/.test(version) || compareVersions(version, needed) < 0) {
    throw new PipelineError('config', `${where}: expected Redis ${needed} or newer, got ${version}`);
  }
  const maxmemoryPolicy = field('maxmemory_policy');
  if (maxmemoryPolicy !== 'noeviction' && maxmemoryPolicy !== 'unknown') {
    throw new PipelineError(
      'config',
      `${where}: expected maxmemory-policy noeviction, under which Redis keeps what it took, got ${maxmemoryPolicy}; ` +
        'set it with: redis-cli config set maxmemory-policy noeviction',
    );
  }
  return { version, maxmemoryPolicy };
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  const at = left!.findIndex((part, index) => part !== (right![index] ?? 0));
  return at < 0 ? 0 : left![at]! - (right![at] ?? 0);
}
