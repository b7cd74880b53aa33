import { createKeys } from '../../../models/domain/keys';
import type { PipelineError } from '../../../models/domain/errors';
import type { SnapshotStore } from '../../../models/domain/snapshot';
import { createRedis } from '../../../models/support/redis';
import type { RedisClient } from '../../../models/support/redis';
import { createSnapshotRedis } from '../../../operators/sinks/snapshot-redis';
import type { Retention } from '../../../operators/support/file-shelf';
import { startRedisServer } from '../../support/redis-server';
import type { RedisServer } from '../../support/redis-server';
import { waitFor } from '../../support/wait-for';

const BOUNDS: Retention = { maxAgeMs: 60_000, maxCount: 3, maxBytes: 1000 };
const nameOf = (number: number) => `front-0-${number}-abcdefgh.jpg`;
const jpegOf = (bytes: number, value = 0xff) => new Uint8Array(bytes).fill(value);

describe('snapshots in Redis', () => {
  let server: RedisServer;
  let client: RedisClient;
  const open: SnapshotStore[] = [];
  let namespaces = 0;

  beforeAll(async () => {
    server = await startRedisServer();
    client = createRedis({ url: server.url, role: 'consumer', purpose: 'test' });
  });
  afterEach(() => Promise.all(open.splice(0).map((store) => store.close())));
  afterAll(async () => {
    client.disconnect();
    await server.close();
  });

  async function openStore(retention = BOUNDS, namespace = `n${++namespaces}`) {
    const errors: PipelineError[] = [];
    const store = createSnapshotRedis({
      url: server.url,
      namespace,
      retention,
      onError: (error) => errors.push(error),
    });
    open.push(store);
    await waitFor(() => store.put('a-warm-up.jpg', jpegOf(1)).then(() => true), { what: 'Redis' });
    const keys = createKeys(namespace);
    await client.del(keys.snapshot('a-warm-up.jpg'), keys.snapshotIndex, keys.snapshotSizes);
    const names = async () =>
      (await client.keys(keys.snapshot('*.jpg'))).map((key) => key.split(':').at(-1)!).sort();
    return { store, keys, names, errors, namespace };
  }

  it('are strings with an expiry, bytes as they were', async () => {
    const { store, keys, names } = await openStore();
    const jpeg = Uint8Array.from({ length: 256 }, (_, at) => at);
    await store.put(nameOf(1), jpeg.subarray(10));
    expect(store.keyOf(nameOf(1))).toBe(keys.snapshot(nameOf(1)));
    expect([...(await client.getBuffer(store.keyOf(nameOf(1))))!]).toEqual([...jpeg.subarray(10)]);
    for (const key of [store.keyOf(nameOf(1)), keys.snapshotIndex, keys.snapshotSizes]) {
      const leftMs = await client.pttl(key);
      expect(leftMs > 50_000 && leftMs <= 60_000).toBe(true);
    }
    expect(await names()).toEqual([nameOf(1)]);
  });

  it('make room for new ones of whoever writes, the oldest first', async () => {
    const { store, names, keys, namespace } = await openStore();
    const { store: other } = await openStore(BOUNDS, namespace);
    for (const number of [1, 2]) await store.put(nameOf(number), jpegOf(100));
    for (const number of [3, 1, 4]) await other.put(nameOf(number), jpegOf(100));
    // The first was written again, and so is younger than the second.
    await waitFor(async () => (await names()).length === 3, { what: 'three' });
    expect(await names()).toEqual([1, 3, 4].map(nameOf));
    await store.put(nameOf(5), jpegOf(850));
    await waitFor(async () => (await names()).length === 2, { what: 'two' });
    expect(await names()).toEqual([4, 5].map(nameOf));
    expect(await client.hgetall(keys.snapshotSizes)).toEqual({
      total: '950',
      [nameOf(4)]: '100',
      [nameOf(5)]: '850',
    });
    // The last one stays, however large it is.
    await store.put(nameOf(6), jpegOf(2000));
    await waitFor(async () => (await names()).length === 1, { what: 'one' });
    expect(await names()).toEqual([nameOf(6)]);
  });

  it('go some hundred at a time, where bounds became smaller', async () => {
    const { store, names, namespace } = await openStore({ ...BOUNDS, maxCount: 1000 });
    await Promise.all(Array.from({ length: 220 }, (_, at) => store.put(nameOf(at), jpegOf(1))));
    const smaller = createSnapshotRedis({ url: server.url, namespace, retention: BOUNDS });
    open.push(smaller);
    const put = () => smaller.put(nameOf(220), jpegOf(1)).then(() => true);
    await waitFor(put, { what: 'its connection' });
    expect(await names()).toHaveLength(21);
    await put();
    expect(await names()).toHaveLength(3);
  });

  it('that have expired leave the account', async () => {
    const { store, keys, names } = await openStore({ ...BOUNDS, maxAgeMs: 1000 });
    await store.put(nameOf(1), jpegOf(900));
    await client.zadd(keys.snapshotIndex, Date.now() - 1001, nameOf(1));
    await client.del(store.keyOf(nameOf(1)));
    await store.put(nameOf(2), jpegOf(900));
    expect(await names()).toEqual([nameOf(2)]);
    expect(await client.hgetall(keys.snapshotSizes)).toEqual({ total: '900', [nameOf(2)]: '900' });
  });

  it('find a Redis that is full: lost, with a reason, and none of it is left', async () => {
    const { store, keys } = await openStore();
    await client.config('SET', 'maxmemory', '1');
    await expect(store.put(nameOf(1), jpegOf(100))).rejects.toMatchObject({ reason: 'full' });
    await client.config('SET', 'maxmemory', '0');
    expect(await client.exists(keys.snapshot(nameOf(1)), keys.snapshotIndex)).toBe(0);
    await store.put(nameOf(1), jpegOf(100));
  });

  it('do not wait for a Redis that is away, and go on when it is back', async () => {
    const { store, errors } = await openStore();
    await server.stop();
    await waitFor(() => errors.length > 0, { what: 'the loss to be told' });
    const failed = store.put(nameOf(1), jpegOf(100));
    await expect(failed).rejects.toMatchObject({ reason: 'unreachable' });
    await server.start();
    await waitFor(() => store.put(nameOf(1), jpegOf(100)).then(() => true), { what: 'Redis to be back' });
  });

  it('are not written under a name that is none', async () => {
    const { store } = await openStore();
    await expect(store.put('../a.jpg', jpegOf(1))).rejects.toThrow(RangeError);
  });
});
