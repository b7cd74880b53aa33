import { systemClock } from '../../models/domain/clock';
import type { PipelineError } from '../../models/domain/errors';
import { createKeys } from '../../models/domain/keys';
import { createRedis, waitForRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { createLeaseManager } from '../../pipeline/leases/lease-manager';
import type { LeaseManager, LeaseManagerOptions } from '../../pipeline/leases/lease-manager';
import { waitFor } from './wait-for';

/** One lease manager and what it told. */
export interface TestIngest {
  readonly id: string;
  readonly manager: LeaseManager;
  readonly client: RedisClient;
  /** In order: `+front 1790000000000` acquired, `-front` lost, `.front` stopped. */
  readonly log: string[];
  readonly errors: PipelineError[];
  /** Cameras held now, sorted. */
  cameras(): string[];
  close(): Promise<void>;
}

export const INGEST_TTL_MS = 3000;

/** Starts a lease manager of its own connection, which renews every 150 ms what lasts for three seconds. */
export async function startIngest(
  url: string,
  id: string,
  cameras: readonly string[],
  more: Partial<LeaseManagerOptions> = {},
): Promise<TestIngest> {
  const client = createRedis({ url, role: 'producer', purpose: 'test', replyTimeoutMs: 1000 });
  const log: string[] = [];
  const errors: PipelineError[] = [];
  const manager = createLeaseManager({
    ...{ client, cameras, ingestId: id, keys: createKeys('test'), capacity: 100 },
    ...{ ttlMs: INGEST_TTL_MS, renewEveryMs: 150, clock: systemClock, redisNowMs: () => Date.now() },
    onAcquired: (camera, fence) => log.push(`+${camera} ${fence}`),
    onLost: (camera) => log.push(`-${camera}`),
    async stop(camera) {
      await new Promise(setImmediate);
      log.push(`.${camera}`);
    },
    onError: (error) => errors.push(error),
    ...more,
  });
  await waitForRedis(client, 'test', 5000);
  manager.start();
  return {
    ...{ id, manager, client, log, errors },
    cameras: () => [...manager.held().keys()].sort(),
    async close() {
      await manager.close();
      client.disconnect();
    },
  };
}

/** Waits until the process has announced itself so many times more. */
export async function untilHeartbeats(redis: RedisClient, id: string, count: number): Promise<void> {
  const seen = new Set<string | null>();
  await waitFor(async () => seen.add(await redis.hget(createKeys('test').ingests, id)).size > count, {
    what: `${count} heartbeats of ${id}`,
  });
}
