import type { Clock } from '../../../models/domain/clock';
import { createKeys } from '../../../models/domain/keys';
import { createRedis } from '../../../models/support/redis';
import type { RedisClient } from '../../../models/support/redis';
import { NO_WORKER_NOTICE_MS, createFleet } from '../../../workers/queue/fleet';
import type { Fleet, FleetEvent } from '../../../workers/queue/fleet';
import { HEARTBEAT_FORGET_MS, HEARTBEAT_TTL_MS } from '../../../workers/wire/heartbeat';
import type { WorkerHeartbeat } from '../../../workers/wire/heartbeat';
import { startRedisServer } from '../../support/redis-server';
import type { RedisServer } from '../../support/redis-server';

const HERE = '0123456789abcdef';
const SHA = 'a'.repeat(64);
const keys = createKeys('test');

describe('createFleet', () => {
  let redis: RedisServer;
  let client: RedisClient;
  let fleet: Fleet;
  let nowMs: number;
  let events: FleetEvent[];
  let changes: number;
  const refusals: unknown[] = [];
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };

  beforeAll(async () => {
    redis = await startRedisServer();
    client = createRedis({ url: redis.url, role: 'consumer', purpose: 'test' });
  });

  beforeEach(async () => {
    await client.flushall();
    nowMs = 1_000_000;
    events = [];
    changes = 0;
    fleet = createFleet({
      ...{ client, keys, producer: 'producer-1', fingerprint: SHA, hostToken: HERE, clock },
      redisNowMs: () => nowMs,
      isActive: () => true,
      onChange: () => changes++,
      onEvent: (event) => events.push(event),
      onRefused: (error) => refusals.push(error),
      onAccepted: () => undefined,
    });
  });

  afterEach(() => fleet.close());

  afterAll(async () => {
    client.disconnect();
    await redis.close();
  });

  async function beat(worker: string, choices: Partial<WorkerHeartbeat> = {}): Promise<void> {
    const heartbeat: WorkerHeartbeat = {
      ...{ v: 2, atMs: nowMs, host: 'h', hostToken: HERE, model: 'm', fingerprint: SHA, provider: 'cpu' },
      ...{ processes: 1, maxBatch: 4, busyRatio: 0, isLeaving: false },
      ...choices,
    };
    await client.hset(keys.workers, worker, JSON.stringify(heartbeat));
  }

  it('counts living workers of its own model and protocol', async () => {
    await beat('one');
    await beat('another-manifest', { fingerprint: 'b'.repeat(64) });
    await beat('another-protocol', { v: 1 as never });
    await beat('silent', { atMs: nowMs - HEARTBEAT_TTL_MS });
    await beat('of-the-future', { atMs: nowMs + HEARTBEAT_TTL_MS });
    await client.hset(keys.workers, 'garbage', 'x'.repeat(1000));
    await fleet.refresh();
    expect(fleet.capacity).toMatchObject({ workers: 1, processes: 1, jobs: 2 });
    expect(changes).toBe(1);
    await fleet.refresh();
    expect(changes).toBe(1);
    expect(await client.hexists(keys.workers, 'garbage')).toBe(0);
  });

  it('forgets a worker that says nothing any more, and removes what it said', async () => {
    await beat('one');
    await fleet.refresh();
    nowMs += HEARTBEAT_TTL_MS;
    await fleet.refresh();
    expect(fleet.capacity.workers).toBe(0);
    expect(await client.hexists(keys.workers, 'one')).toBe(1);
    nowMs += HEARTBEAT_FORGET_MS;
    await fleet.refresh();
    expect(await client.hexists(keys.workers, 'one')).toBe(0);
  });

  it('shares the capacity with other processes that have frames', async () => {
    await beat('one', { processes: 4 });
    const other = { v: 2, atMs: nowMs, host: 'h', fingerprint: SHA, isActive: true };
    await client.hset(keys.producers, 'producer-2', JSON.stringify(other));
    await client.hset(keys.producers, 'producer-3', JSON.stringify({ ...other, isActive: false }));
    await client.hset(
      keys.producers,
      'producer-4',
      JSON.stringify({ ...other, fingerprint: 'b'.repeat(64) }),
    );
    await fleet.refresh();
    expect(fleet.capacity.jobs).toBe(4);
    expect(JSON.parse((await client.hget(keys.producers, 'producer-1'))!)).toMatchObject({ isActive: true });
    await fleet.close();
    expect(await client.hexists(keys.producers, 'producer-1')).toBe(0);
  });

  it('says after ten seconds that there is no worker, of which models there are some, and when one comes', async () => {
    await fleet.refresh();
    nowMs += NO_WORKER_NOTICE_MS - 1;
    await beat('another', { fingerprint: 'b'.repeat(64), model: 'other-model' });
    await fleet.refresh();
    expect(events).toEqual([]);
    nowMs += 1;
    await fleet.refresh();
    await fleet.refresh();
    expect(events).toEqual([{ kind: 'no_worker', others: ['other-model'] }]);
    await beat('one');
    await fleet.refresh();
    expect(events.slice(1)).toEqual([{ kind: 'workers_back', workers: 1 }]);
  });

  it('tells once of a worker whose field grows old, and not of one that withdrew or was to leave', async () => {
    for (const worker of ['one', 'withdrawn']) await beat(worker);
    await beat('leaving', { isLeaving: true });
    await fleet.refresh();
    await client.hdel(keys.workers, 'withdrawn');
    nowMs += HEARTBEAT_TTL_MS;
    await beat('another');
    await fleet.refresh();
    expect(events).toEqual([]);
    nowMs += 2499;
    await fleet.refresh();
    expect(events).toEqual([]);
    nowMs += 1;
    for (let look = 0; look < 3; look++) await fleet.refresh();
    expect(events).toEqual([{ kind: 'worker_lost', worker: 'one', host: 'h' }]);
  });

  it('does not tell of workers that beat again after an outage of Redis', async () => {
    await beat('one');
    await fleet.refresh();
    nowMs += HEARTBEAT_TTL_MS;
    await fleet.refresh();
    await beat('one');
    await fleet.refresh();
    nowMs += HEARTBEAT_TTL_MS;
    await fleet.refresh();
    expect(events).toEqual([]);
  });

  it('tells when Redis refuses, and keeps what it knew', async () => {
    await beat('one');
    await fleet.refresh();
    await client.del(keys.workers);
    await client.set(keys.workers, 'in the way');
    await fleet.refresh();
    expect(String(refusals.at(-1))).toContain('WRONGTYPE');
    expect(fleet.capacity.workers).toBe(1);
  });

  it('keeps what it knew while Redis is away', async () => {
    await beat('one');
    await fleet.refresh();
    await redis.kill();
    await redis.start();
    await fleet.refresh();
    expect(fleet.capacity.workers).toBe(1);
  });
});
