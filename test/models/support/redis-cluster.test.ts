import { checkRedis, createRedis, waitForRedis } from '../../../models/support/redis';
import type { RedisClient, RedisOptions } from '../../../models/support/redis';
import { startRedisCluster } from '../../support/redis-cluster';
import type { RedisCluster } from '../../support/redis-cluster';
import { startRedisServer } from '../../support/redis-server';
import { waitFor } from '../../support/wait-for';

/** Enough keys that each node has some. */
const KEYS = Array.from({ length: 60 }, (_, index) => `key-${String(index)}`);

describe('createRedis with a cluster', () => {
  let cluster: RedisCluster;
  const clients: RedisClient[] = [];
  const connect = (options: Partial<RedisOptions> = {}) => {
    const client = createRedis({ url: cluster.url, role: 'producer', purpose: 'test', ...options });
    clients.push(client);
    return client;
  };
  const ready = async (options: Partial<RedisOptions> = {}) => {
    const client = connect(options);
    await waitForRedis(client, 'test', 10_000);
    return client;
  };

  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await cluster.close();
  });

  it('reaches the keys of every node at once', async () => {
    const client = await ready();
    await Promise.all(KEYS.map((key) => client.set(key, key)));
    expect(await Promise.all(KEYS.map((key) => client.get(key)))).toEqual(KEYS);
  });

  it('finds the other nodes when the URL names one', async () => {
    const client = await ready({ url: cluster.url.replace(/,.*/, '') });
    await Promise.all(KEYS.map((key) => client.set(key, key)));
    await expect(checkRedis(client, 'test')).resolves.toMatchObject({ maxmemoryPolicy: 'noeviction' });
  });

  it('runs scripts and pipelines on keys of one hash tag', async () => {
    const client = await ready();
    expect(await client.eval('return KEYS[1]', 2, '{a}:1', '{a}:2')).toBe('{a}:1');
    const replies = await client.pipeline().set('{a}:1', 'x').get('{a}:1').exec();
    expect(replies?.map(([, reply]) => reply)).toEqual(['OK', 'x']);
  });

  it('refuses a cluster of which one master evicts, and names it', async () => {
    const client = await ready();
    const [, , last] = cluster.nodes;
    const direct = await ready({ url: last!.url });
    await direct.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await expect(checkRedis(client, 'test')).rejects.toThrow(
      `config: test (127.0.0.1:${String(last!.port)}): expected maxmemory-policy noeviction`,
    );
    await direct.config('SET', 'maxmemory-policy', 'noeviction');
  });

  it('says at once that the password is wrong', async () => {
    const client = connect({ url: cluster.url.replace('//', '//nobody:wrong-one@') });
    const failure = waitForRedis(client, 'test', 60_000);
    await expect(failure).rejects.toThrow(/^auth: test: .*WRONGPASS/);
    await expect(failure).rejects.not.toThrow('wrong-one');
  });

  it('says why no node can be reached', async () => {
    const plain = await startRedisServer();
    try {
      const address = `127.0.0.1:${String(plain.port)}`;
      const noCluster = connect({ url: `redis+cluster://${address}` });
      await expect(waitForRedis(noCluster, 'test', 1000)).rejects.toThrow(
        'expected a cluster, got a lone server',
      );
    } finally {
      await plain.close();
    }
    const gone = connect({ url: `redis+cluster://127.0.0.1:${String(plain.port)}` });
    await expect(waitForRedis(gone, 'test', 500)).rejects.toThrow(/^refused: test: /);
  });

  it('rejects commands after it was closed on purpose', async () => {
    const client = await ready({ role: 'consumer' });
    client.disconnect();
    await waitFor(() => client.status === 'end', { what: 'the connection to end' });
    await expect(client.get('a')).rejects.toThrow();
    await expect(waitForRedis(client, 'test', 60_000)).rejects.toThrow(/^timeout: test/);
  });

  it('fails a producer fast and lets a consumer wait while one node is away', async () => {
    const errors: string[] = [];
    const producer = await ready({ onError: (error) => errors.push(error.message) });
    const consumer = await ready({ role: 'consumer' });
    const [key, list] = ['{a}:key', '{a}:list'];
    const node = await cluster.nodeOf(key);
    await producer.set(key, '1');
    const blocked = consumer.blpop(list, 25);
    await node.kill();
    await waitFor(
      () =>
        producer.get(key).then(
          () => false,
          () => true,
        ),
      { what: 'the producer to fail' },
    );
    await expect(producer.get(key)).rejects.toThrow();
    const waiting = consumer.get(key);
    await node.start();
    await cluster.whenOk();
    await waitFor(() => producer.set(key, 'again'), { what: 'the producer to work again' });
    await producer.rpush(list, 'item');
    expect(await waiting).not.toBeNull();
    expect(await blocked).toEqual([list, 'item']);
    expect(errors.length).toBeLessThan(50);
    expect(errors).toContainEqual(expect.stringMatching(/^refused: redis\+cluster:.*ECONNREFUSED/));
  });

  it('comes back when all nodes were away', async () => {
    const producer = await ready();
    const consumer = await ready({ role: 'consumer' });
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    await waitFor(() => producer.status !== 'ready' && consumer.status !== 'ready', {
      what: 'both to notice',
    });
    await expect(producer.set('a', '1')).rejects.toThrow();
    const waiting = consumer.get(KEYS[1]!);
    await Promise.all(cluster.nodes.map((node) => node.start()));
    await cluster.whenOk();
    expect(await waiting).toBe(KEYS[1]);
    await waitFor(() => producer.set('a', '1'), { what: 'the producer to work again' });
  });
});
