import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../models/domain/clock';
import { PROCESS_ID_PATTERN } from '../../models/domain/keys';
import type { Keys } from '../../models/domain/keys';
import type { RedisClient } from '../../models/support/redis';
import type { Member } from './lease-share';

/** Later versions keep these fields: processes of two versions share cameras during an upgrade. */
const heartbeatSchema = z.looseObject({
  v: z.int().min(1),
  /** Redis' time of the heartbeat, and since when the process has been there, in ms. */
  atMs: z.number(),
  sinceMs: z.number(),
  /** Most cameras it runs. */
  capacity: z.int().min(0),
  /** Hash of the names of the cameras it knows. */
  cameras: z.string().max(64),
});

const MAX_HEARTBEAT_LENGTH = 1024;

/** A process is forgotten, and so is the whole hash, after so many times its time to live. */
const FORGET_TTLS = 6;

export interface IngestRegistryOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly ingestId: string;
  readonly cameras: readonly string[];
  readonly capacity: number;
  /** Who has not announced itself for so long counts as gone. */
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly redisNowMs: () => number;
}

/** The ingest processes that are alive. */
export interface Fellows {
  /** This process included. */
  readonly members: readonly Member[];
  /** Ids of those that know other cameras than this one. */
  readonly strangers: readonly string[];
}

/** Where ingest processes learn of each other. All reject with the error of ioredis. */
export interface IngestRegistry {
  announce(): Promise<void>;
  read(): Promise<Fellows>;
  withdraw(): Promise<void>;
}

/** The registry as one process sees it. */
export function createIngestRegistry(options: IngestRegistryOptions): IngestRegistry {
  const { client, keys, ingestId, capacity, ttlMs, clock, redisNowMs } = options;
  const cameras = createHash('sha256')
    .update(JSON.stringify([...options.cameras].sort()))
    .digest('hex')
    .slice(0, 16);
  let sinceMs = 0;
  let announcedMs = -Infinity;

  return {
    async announce() {
      const [atMs, monotonicMs] = [redisNowMs(), clock.monotonicMs()];
      // Whose heartbeat lapsed has lost its cameras to others; it must not take them back for having been there first.
      if (monotonicMs - announcedMs >= ttlMs) sinceMs = atMs;
      const own: z.infer<typeof heartbeatSchema> = { v: 1, atMs, sinceMs, capacity, cameras };
      await client.hset(keys.ingests, ingestId, JSON.stringify(own));
      await client.pexpire(keys.ingests, FORGET_TTLS * ttlMs);
      announcedMs = monotonicMs;
    },

    async read() {
      const fields = await client.hgetall(keys.ingests);
      const nowMs = redisNowMs();
      const members: Member[] = [{ id: ingestId, sinceMs, capacity }];
      const strangers: string[] = [];
      const forgotten: string[] = [];
      for (const [id, text] of Object.entries(fields)) {
        if (id === ingestId) continue;
        const heartbeat = PROCESS_ID_PATTERN.test(id) ? parseHeartbeat(text) : undefined;
        // A time in the future is no sign of life either: it would be one for as long as that clock is ahead.
        const ageMs = heartbeat === undefined ? Infinity : Math.abs(nowMs - heartbeat.atMs);
        if (ageMs > FORGET_TTLS * ttlMs) forgotten.push(id);
        if (heartbeat === undefined || ageMs >= ttlMs) continue;
        members.push({ id, sinceMs: heartbeat.sinceMs, capacity: heartbeat.capacity });
        if (heartbeat.cameras !== cameras) strangers.push(id);
      }
      if (forgotten.length > 0) await client.hdel(keys.ingests, ...forgotten);
      return { members, strangers };
    },

    async withdraw() {
      announcedMs = -Infinity;
      await client.hdel(keys.ingests, ingestId);
    },
  };
}

function parseHeartbeat(text: string): z.infer<typeof heartbeatSchema> | undefined {
  if (text.length > MAX_HEARTBEAT_LENGTH) return undefined;
  try {
    return heartbeatSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
