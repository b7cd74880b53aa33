import { systemClock } from '../../../models/domain/clock';
import { createKeys } from '../../../models/domain/keys';
import { createRedis } from '../../../models/support/redis';
import type { RedisClient } from '../../../models/support/redis';
import { createLeaseManager } from '../../../pipeline/leases/lease-manager';
import type { LeaseManagerOptions } from '../../../pipeline/leases/lease-manager';
import { startIngest, untilHeartbeats } from '../../support/ingests';
import type { TestIngest } from '../../support/ingests';
import { startRedisServer } from '../../support/redis-server';
import type { RedisServer } from '../../support/redis-server';
import { waitFor } from '../../support/wait-for';

const CAMERAS = ['c1', 'c2', 'c3', 'c4', 'c5'];
const keys = createKeys('test');
const ignore = () => undefined;

describe('createLeaseManager at its limits', () => {
  let server: RedisServer;
  let redis: RedisClient;
  let ingests: TestIngest[];

  beforeEach(async () => {
    server = await startRedisServer();
    redis = createRedis({ url: server.url, role: 'consumer', purpose: 'test' });
    ingests = [];
  });
  afterEach(async () => {
    await Promise.all(ingests.map((ingest) => ingest.close()));
    redis.disconnect();
    await server.close();
  });

  async function start(id: string, more: Partial<LeaseManagerOptions> = {}, cameras = CAMERAS) {
    const ingest = await startIngest(server.url, id, cameras, more);
    ingests.push(ingest);
    return ingest;
  }

  const untilHeld = (ingest: TestIngest, count: number) =>
    waitFor(() => ingest.cameras().length === count, { what: `${ingest.id} to have ${count} cameras` });

  it('takes what others have no room for, and says which cameras nobody has', async () => {
    const [a, b] = [await start('a', { capacity: 1 }), await start('b', { capacity: 2 })];
    await untilHeld(a, 1);
    await untilHeld(b, 2);
    const rest = CAMERAS.filter((camera) => ![...a.cameras(), ...b.cameras()].includes(camera));
    await waitFor(() => a.errors.length > 0 && b.errors.length > 0, { what: 'both to say it' });
    expect([...a.manager.unassigned()].sort()).toEqual(rest);
    expect(a.errors.map(({ message }) => message)).toEqual([
      `config: ingest processes: expected capacity for 5 cameras, got none for ${rest.join(', ')}`,
    ]);
    const c = await start('c', { capacity: Infinity });
    await untilHeld(c, 2);
    await waitFor(() => a.manager.unassigned().length === 0, { what: 'all to be assigned' });
    expect([a.log.length, b.log.length]).toEqual([1, 2]);
  });

  it('takes the cameras that a process which lives leaves alone, and keeps them', async () => {
    const stuck = { v: 1, atMs: 0, sinceMs: 0, capacity: 100, cameras: '' };
    const beat = () => redis.hset(keys.ingests, 'stuck', JSON.stringify({ ...stuck, atMs: Date.now() }));
    await beat();
    const timer = setInterval(() => void beat(), 100);
    const a = await start('a');
    await untilHeld(a, 5);
    await untilHeartbeats(redis, 'a', 6);
    expect(a.log).toHaveLength(5);
    expect(a.errors.map(({ message }) => message)).toEqual([
      'config: ingest processes: expected all to have the same cameras, got others in stuck',
    ]);
    clearInterval(timer);
  });

  it('gives up a camera that does not stop in time', async () => {
    const never = new Promise<void>(() => undefined);
    const a = await start('a', { stop: () => never, stopTimeoutMs: 300 }, ['c1', 'c2']);
    await untilHeld(a, 2);
    const b = await start('b', {}, ['c1', 'c2']);
    await untilHeld(b, 1);
    expect(a.errors.map(({ message }) => message)).toEqual([
      `timeout: ${b.cameras()[0]!}: expected it to stop within 300 ms, got no end; it is given up`,
    ]);
  });

  it('goes on though a callback throws', async () => {
    const fault = new Error('no camera there');
    const a = await start('a', {
      onAcquired: () => {
        throw fault;
      },
    });
    await untilHeld(a, 5);
    expect(a.errors.map(({ cause }) => cause)).toEqual(Array.from({ length: 5 }, () => fault));
  });

  it('can be closed while Redis is away, and stays closed', async () => {
    const a = await start('a');
    await untilHeld(a, 5);
    await server.kill();
    await Promise.all([a.manager.close(), a.manager.close()]);
    expect(a.cameras()).toEqual([]);
    expect(a.log.slice(5).sort()).toEqual(CAMERAS.map((camera) => `.${camera}`));
    await server.start();
    a.manager.start();
    await waitFor(() => a.client.status === 'ready', { what: 'the connection' });
    await a.manager.close();
    expect(a.cameras()).toEqual([]);
    expect(a.log).toHaveLength(10);
  });

  it('refuses numbers that cannot work', () => {
    const client = createRedis({ url: server.url, role: 'producer', purpose: 'test' });
    const create = (more: object) =>
      createLeaseManager({
        ...{ client, keys, ingestId: 'a', cameras: CAMERAS, capacity: 5, clock: systemClock },
        redisNowMs: () => 0,
        ...{ onAcquired: ignore, onLost: ignore, onError: ignore, stop: () => Promise.resolve() },
        ...more,
      });
    expect(() => create({ capacity: 1.5 })).toThrow(RangeError);
    expect(() => create({ capacity: NaN })).toThrow(RangeError);
    expect(() => create({ ttlMs: 1000, renewEveryMs: 800 })).toThrow(
      'renewEveryMs: expected more than 0 and less than 800, got 800',
    );
    expect(() => create({ capacity: 0 })).not.toThrow();
    client.disconnect();
  });
});
