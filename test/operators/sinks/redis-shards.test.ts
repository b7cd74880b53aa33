import { createKeys } from '../../../models/domain/keys';
import { shardOf } from '../../../models/domain/shard';
import { createRedis } from '../../../models/support/redis';
import type { RedisClient } from '../../../models/support/redis';
import { createRedisSink } from '../../../operators/sinks/redis-events';
import type { RedisSinkOptions } from '../../../operators/sinks/redis-events';
import { startedEvent } from '../../support/events';
import { startRedisCluster } from '../../support/redis-cluster';
import type { RedisCluster } from '../../support/redis-cluster';
import { startRedisServer } from '../../support/redis-server';
import type { RedisServer } from '../../support/redis-server';
import { tempFolder } from '../../support/temp-folder';
import { waitFor } from '../../support/wait-for';

const keys = createKeys('test');

const open = (url: string, more: Partial<RedisSinkOptions> = {}) =>
  createRedisSink({ url, namespace: 'test', maxLen: 100_000, drainTimeoutMs: 20_000, ...more });

/** Of each entry "<camera> <seq>". */
async function readShard(client: RedisClient, shard: number): Promise<string[]> {
  const entries = await client.xrange(keys.events(shard), '-', '+');
  return entries.map(([, fields]) => `${fields[3]} ${fields[7]}`);
}

/** Two cameras of different shards. */
function camerasApart(shards: number): [string, string] {
  const other = Array.from({ length: 100 }, (_, n) => `yard-${n}`).find(
    (camera) => shardOf(camera, shards) !== shardOf('front', shards),
  );
  return ['front', other!];
}

describe('createRedisSink with shards', () => {
  let server: RedisServer;
  let client: RedisClient;
  beforeEach(async () => {
    server = await startRedisServer();
    client = createRedis({ url: server.url, role: 'consumer', purpose: 'test' });
  });
  afterEach(async () => {
    client.disconnect();
    await server.close();
  });

  it('puts the events of a camera on one stream, in order', async () => {
    const shards = 4;
    const sink = await open(server.url, { shards });
    const cameras = Array.from({ length: 12 }, (_, n) => `camera-${n}`);
    for (let n = 0; n < 1200; n++) await sink.write(startedEvent(n, cameras[n % 12]));
    expect(await sink.openCamera!('camera-3', 'camera/camera-3')).toMatchObject({
      tracks: { length: 100 },
    });
    await sink.close();
    expect(sink.stats()).toEqual({ written: 1200, pending: 0, lost: 0 });
    const all = await Promise.all([0, 1, 2, 3].map((shard) => readShard(client, shard)));
    for (const camera of cameras) {
      const own = all[shardOf(camera, shards)]!.filter((entry) => entry.startsWith(`${camera} `));
      expect(own).toEqual(Array.from({ length: 100 }, (_, n) => `${camera} ${n + 1}`));
    }
    expect(all.flat()).toHaveLength(1200);
    expect(all.filter((entries) => entries.length > 0).length).toBeGreaterThan(1);
    expect(await client.keys(keys.writer('*'))).toEqual([]);
  });

  it('writes down how many there are, the most there ever were, and the version of the contract', async () => {
    await (await open(server.url)).close();
    expect(await client.hgetall(keys.eventsInfo)).toEqual({ writing: '1', shards: '1', contract: '1' });
    await client.hset(keys.eventsInfo, 'writing', '8');
    await (await open(server.url, { shards: 8 })).close();
    await client.hset(keys.eventsInfo, 'writing', '2');
    await (await open(server.url, { shards: 2 })).close();
    expect(await client.hgetall(keys.eventsInfo)).toEqual({ writing: '2', shards: '8', contract: '1' });
  });

  it('refuses another number than that of other writers, and says what it takes', async () => {
    const first = await open(server.url, { shards: 2 });
    await expect(open(server.url, { shards: 3 })).rejects.toThrow(
      /^sink: redis:\S+: expected shards: 2, as other writers of test:events have it, got 3; another number moves cameras.*stop all writers, then allow it with: redis-cli HSET test:events writing 3$/,
    );
    await first.close();
    await client.del(keys.eventsInfo);
    await first.close();
    await client.xadd(keys.events(), '*', 'type', 'of a log that nothing was written down of');
    await expect(open(server.url, { shards: 3 })).rejects.toThrow(/expected shards: 1/);
    await (await open(server.url, { shards: 1 })).close();
  });

  it('writes it down again when Redis has lost its data', async () => {
    const sink = await open(server.url, { shards: 2 });
    await server.kill();
    await server.startEmpty();
    await waitFor(async () => (await client.hget(keys.eventsInfo, 'shards')) === '2', {
      what: 'the number to be there again',
    });
    await sink.close();
  });

  it('refuses numbers that are none', async () => {
    for (const shards of [0, 65, 1.5]) {
      await expect(open(server.url, { shards })).rejects.toThrow(`shards: expected 1 to 64, got ${shards}`);
    }
  });
});

describe('createRedisSink with shards on a cluster', () => {
  const folder = tempFolder();
  const shards = 16;
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster.close());

  it('goes on with the cameras of other nodes while one is gone, and with its own in order afterwards', async () => {
    const spool = { folder, maxBytes: 64 * 1024 * 1024 };
    const sink = await open(cluster.url, { shards, spool, replyTimeoutMs: 1000 });
    const [one, other] = camerasApart(shards);
    const keyOf = (camera: string) => keys.events(shardOf(camera, shards));
    const node = await cluster.nodeOf(keyOf(one));
    const away = await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        const camera = `c-${n}`;
        return { camera, isAway: (await cluster.nodeOf(keyOf(camera))) === node };
      }),
    );
    const there = away.find(({ isAway }) => !isAway)!.camera;
    expect(other).not.toBe(one);

    for (let n = 0; n < 10; n++) for (const camera of [one, there]) await sink.write(startedEvent(n, camera));
    await sink.flush();
    node.freeze();
    for (let n = 10; n < 300; n++)
      for (const camera of [one, there]) await sink.write(startedEvent(n, camera));
    await waitFor(() => sink.stats().written >= 310, { what: 'those of the other node', timeoutMs: 5000 });
    await waitFor(() => sink.stats().spool!.events === 290, { what: 'the others to wait on disk' });
    expect(sink.stats().written).toBe(310);
    node.thaw();
    await cluster.whenOk();
    await sink.flush();
    await sink.close();

    const client = createRedis({ url: cluster.url, role: 'consumer', purpose: 'test' });
    for (const camera of [one, there]) {
      const entries = await client.xrange(keyOf(camera), '-', '+');
      expect(entries.map(([, fields]) => fields[5])).toEqual(
        Array.from({ length: 300 }, (_, n) => startedEvent(n, camera).id),
      );
    }
    client.disconnect();
  });
});
