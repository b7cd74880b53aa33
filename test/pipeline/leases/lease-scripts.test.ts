import { createKeys } from '../../../models/domain/keys';
import { createRedis } from '../../../models/support/redis';
import type { RedisClient } from '../../../models/support/redis';
import { createIngestRegistry } from '../../../pipeline/leases/ingest-registry';
import type { IngestRegistry } from '../../../pipeline/leases/ingest-registry';
import { createLeaseCommands } from '../../../pipeline/leases/lease-scripts';
import { startRedisServer } from '../../support/redis-server';
import type { RedisServer } from '../../support/redis-server';

const keys = createKeys('test');

describe('what ingest processes keep in Redis', () => {
  let server: RedisServer;
  let client: RedisClient;
  beforeAll(async () => {
    server = await startRedisServer();
    client = createRedis({ url: server.url, role: 'consumer', purpose: 'test' });
  });
  beforeEach(() => client.flushall());
  afterAll(async () => {
    client.disconnect();
    await server.close();
  });

  describe('createLeaseCommands', () => {
    const leasesOf = (ingestId: string) => createLeaseCommands({ client, keys, ingestId, ttlMs: 10_000 });

    it('lets one process have a camera, and another after it was given back', async () => {
      const [a, b] = [leasesOf('a'), leasesOf('b')];
      expect(await a.acquire('front', 1000)).toBe(1000);
      expect(await b.acquire('front', 2000)).toBeUndefined();
      expect(await b.ownerOf('front')).toBe('a');
      await b.release('front');
      expect(await a.ownerOf('front')).toBe('a');
      await a.release('front');
      expect(await a.ownerOf('front')).toBeUndefined();
      expect(await b.acquire('front', 2000)).toBe(2000);
    });

    it('makes a lease last when it is renewed, by its owner alone', async () => {
      const [a, b] = [leasesOf('a'), leasesOf('b')];
      await a.acquire('front', 1);
      await client.pexpire(keys.lease('front'), 5000);
      expect(await b.renew('front')).toBe(false);
      expect(await client.pttl(keys.lease('front'))).toBeLessThanOrEqual(5000);
      expect(await a.renew('front')).toBe(true);
      expect(await client.pttl(keys.lease('front'))).toBeGreaterThan(5000);
      await client.del(keys.lease('front'));
      expect(await a.renew('front')).toBe(false);
    });

    it('gives fences that grow, though time does not or Redis has forgotten the last', async () => {
      const a = leasesOf('a');
      const nowMs = 1_790_000_000_000.7;
      expect(await a.acquire('front', nowMs)).toBe(1_790_000_000_000);
      expect(await a.acquire('front', nowMs)).toBe(1_790_000_000_001);
      expect(await a.acquire('front', 5)).toBe(1_790_000_000_002);
      await client.flushall();
      expect(await a.acquire('front', nowMs + 10)).toBe(1_790_000_000_010);
    });
  });

  describe('createIngestRegistry', () => {
    let monotonicMs = 0;
    let redisMs = 1_000_000;
    const pass = (timeMs: number) => {
      monotonicMs += timeMs;
      redisMs += timeMs;
    };
    const registryOf = (ingestId: string, cameras = ['front', 'back'], capacity = 4): IngestRegistry =>
      createIngestRegistry({
        ...{ client, keys, ingestId, cameras, capacity },
        ttlMs: 1000,
        clock: { nowMs: () => 0, monotonicMs: () => monotonicMs },
        redisNowMs: () => redisMs,
      });
    const idsIn = async (registry: IngestRegistry) =>
      (await registry.read()).members.map(({ id }) => id).sort();

    it('knows who has announced itself within the time to live', async () => {
      const [a, b] = [registryOf('a'), registryOf('b', ['back', 'front'], 7)];
      await Promise.all([a.announce(), b.announce()]);
      expect(await a.read()).toEqual({
        members: [
          { id: 'a', sinceMs: redisMs, capacity: 4 },
          { id: 'b', sinceMs: redisMs, capacity: 7 },
        ],
        strangers: [],
      });
      pass(999);
      expect(await idsIn(a)).toEqual(['a', 'b']);
      pass(1);
      expect(await idsIn(a)).toEqual(['a']);
      expect(await client.hexists(keys.ingests, 'b')).toBe(1);
    });

    it('forgets who was silent for six times as long, whoever claims to be from the future, and nonsense', async () => {
      const a = registryOf('a');
      await registryOf('old').announce();
      pass(6001);
      await a.announce();
      const future = { v: 1, atMs: redisMs + 60_000, sinceMs: 0, capacity: 1, cameras: '' };
      await client.hset(keys.ingests, {
        future: JSON.stringify(future),
        nonsense: '{"v":',
        long: JSON.stringify({ ...future, atMs: redisMs, rest: 'x'.repeat(2000) }),
        'BAD ID': JSON.stringify({ ...future, atMs: redisMs }),
      });
      expect(await idsIn(a)).toEqual(['a']);
      expect(await client.hkeys(keys.ingests)).toEqual(['a']);
    });

    it('tells who knows other cameras, and counts them, also those of a later version', async () => {
      const a = registryOf('a');
      await a.announce();
      await registryOf('b', ['front', 'yard']).announce();
      const later = { v: 2, atMs: redisMs, sinceMs: 1, capacity: 1, cameras: 'x', more: true };
      await client.hset(keys.ingests, 'c', JSON.stringify(later));
      const { members, strangers } = await a.read();
      expect(members).toHaveLength(3);
      expect([...strangers].sort()).toEqual(['b', 'c']);
    });

    it('counts a process as new when it was silent for longer than the time to live', async () => {
      const a = registryOf('a');
      await a.announce();
      const [first] = (await a.read()).members;
      pass(900);
      await a.announce();
      expect((await a.read()).members).toEqual([first]);
      pass(1000);
      await a.announce();
      expect((await a.read()).members).toEqual([{ ...first, sinceMs: redisMs }]);
    });

    it('leaves nothing behind when it withdraws, nor for ever when it cannot', async () => {
      const a = registryOf('a');
      await a.announce();
      expect(await client.pttl(keys.ingests)).toBeGreaterThan(5000);
      await a.withdraw();
      expect(await client.exists(keys.ingests)).toBe(0);
    });
  });
});
