import { checkRedis, createRedis, waitForRedis } from '../../../models/support/redis';
import type { RedisClient, RedisOptions } from '../../../models/support/redis';
import { closedPort } from '../../support/closed-port';
import { startSentinelGroup } from '../../support/redis-sentinel';
import type { SentinelGroup } from '../../support/redis-sentinel';
import { waitFor } from '../../support/wait-for';

const PASSWORD = 'sesame-open';
const withPassword = (url: string, password = PASSWORD) => url.replace('//', `//:${password}@`);

const clients: RedisClient[] = [];
const connect = (options: Pick<RedisOptions, 'url'> & Partial<RedisOptions>) => {
  const client = createRedis({ role: 'producer', purpose: 'test', ...options });
  clients.push(client);
  return client;
};
afterAll(() => {
  for (const client of clients) client.disconnect();
});

describe('createRedis through sentinels', () => {
  let group: SentinelGroup;
  beforeAll(async () => {
    group = await startSentinelGroup({ password: PASSWORD });
  });
  afterAll(() => group.close());

  it('connects to the master, past a sentinel that is gone, in the database of the URL', async () => {
    const gone = `//127.0.0.1:${String(await closedPort())},`;
    const client = connect({ url: withPassword(`${group.url.replace('//', gone)}/2`) });
    await waitForRedis(client, 'test', 10_000);
    await expect(checkRedis(client, 'test')).resolves.toMatchObject({ maxmemoryPolicy: 'noeviction' });
    expect(await client.client('INFO')).toContain(' db=2 ');
    expect(await client.info('replication')).toContain('role:master');
    await client.set('a', 'b');
    expect(await client.eval('return redis.call("GET", KEYS[1])', 1, 'a')).toBe('b');
  });

  it('says at once that the password is wrong', async () => {
    const client = connect({ url: withPassword(group.url, 'wrong-one') });
    const failure = waitForRedis(client, 'test', 60_000);
    await expect(failure).rejects.toThrow(/^auth: test: .*WRONGPASS/);
    await expect(failure).rejects.not.toThrow('wrong-one');
  });

  it('says that the sentinels do not know the master', async () => {
    const client = connect({ url: withPassword(group.url.replace(/[^/]*$/, 'other')) });
    await expect(waitForRedis(client, 'test', 500)).rejects.toThrow('knows no master named other');
  });

  it('says that no sentinel is there, and leaves nothing behind when it is closed meanwhile', async () => {
    const client = connect({ url: `redis+sentinel://127.0.0.1:${String(await closedPort())}/m` });
    await expect(waitForRedis(client, 'test', 500)).rejects.toThrow(/^refused: test: .*ECONNREFUSED/);
    client.disconnect();
    await waitFor(() => client.status === 'end', { what: 'the connection to end' });
  });

  it('fails a producer fast and lets a consumer wait while the sentinels promote another master', async () => {
    const producer = connect({ url: withPassword(group.url) });
    const consumer = connect({ url: withPassword(group.url), role: 'consumer' });
    await waitForRedis(producer, 'test', 10_000);
    await waitForRedis(consumer, 'test', 10_000);
    const blocked = consumer.blpop('list', 25);
    await group.killMaster();
    await waitFor(() => producer.status !== 'ready', { what: 'the connection to be lost' });
    await expect(producer.set('after', '1')).rejects.toThrow();
    await waitFor(() => producer.set('after', '1'), { what: 'the new master', timeoutMs: 30_000 });
    await producer.rpush('list', 'item');
    expect(await blocked).toEqual(['list', 'item']);
    expect(await producer.info('replication')).toContain('role:master');
  });
});

describe('createRedis through sentinels with a password', () => {
  it('shows them the credentials of the servers', async () => {
    const group = await startSentinelGroup({ password: PASSWORD, isGuarded: true, sentinels: 1 });
    const errors: Error[] = [];
    try {
      const client = connect({ url: withPassword(group.url), onError: (error) => errors.push(error) });
      await waitForRedis(client, 'test', 10_000);
      expect(await client.ping()).toBe('PONG');
      expect(errors).toEqual([]);
      const stranger = connect({ url: group.url });
      await expect(waitForRedis(stranger, 'test', 60_000)).rejects.toThrow(/^auth: test: .*NOAUTH/);
    } finally {
      await group.close();
    }
  });
});
