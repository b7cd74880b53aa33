import { systemClock } from '../../../models/domain/clock';
import type { Clock } from '../../../models/domain/clock';
import { createRedis, waitForRedis } from '../../../models/support/redis';
import type { RedisClient, RedisOptions } from '../../../models/support/redis';
import { createRedisClock } from '../../../models/support/redis-clock';
import type { RedisClock, RedisClockOptions } from '../../../models/support/redis-clock';
import { startRedisCluster } from '../../support/redis-cluster';
import { startRedisServer } from '../../support/redis-server';
import type { RedisServer } from '../../support/redis-server';
import { waitFor } from '../../support/wait-for';

/** Redis runs on this very host, so the truth is known; what remains is the round trip. */
const CLOSE_MS = 1000;

/** The clock of a host that is wrong, and whose wall clock can be set. */
function skewedClock(skewMs: number): Clock & { step(byMs: number): void } {
  let wallMs = skewMs;
  return {
    nowMs: () => systemClock.nowMs() + wallMs,
    monotonicMs: () => systemClock.monotonicMs() + 1e6,
    step: (byMs) => (wallMs += byMs),
  };
}

const errorOf = (clock: RedisClock) => Math.abs(clock.nowMs() - systemClock.nowMs());

describe('createRedisClock', () => {
  let server: RedisServer;
  const opened: { close(): void }[] = [];
  const connect = (options: Partial<RedisOptions> = {}) => {
    const client = createRedis({ url: server.url, role: 'producer', purpose: 'test', ...options });
    opened.push({ close: () => client.disconnect() });
    return client;
  };
  const clockOf = (client: RedisClient, options: Partial<RedisClockOptions> = {}) => {
    const clock = createRedisClock({ client, clock: systemClock, ...options });
    opened.unshift(clock);
    return clock;
  };

  beforeEach(async () => {
    server = await startRedisServer();
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) each.close();
    await server.close();
  });

  it.each(['producer', 'consumer'] as const)(
    'tells the time of Redis to a host that is 10 s ahead, as %s',
    async (role) => {
      const clock = clockOf(connect({ role }), { clock: skewedClock(10_000) });
      await clock.ready;
      expect(clock.isSynchronised()).toBe(true);
      expect(errorOf(clock)).toBeLessThan(CLOSE_MS);
      expect(Math.abs(clock.offsetMs() + 10_000)).toBeLessThan(CLOSE_MS);
    },
  );

  it('takes no notice when the wall clock of its host is set', async () => {
    const local = skewedClock(0);
    const clock = clockOf(connect(), { clock: local });
    await clock.ready;
    local.step(-3_600_000);
    expect(errorOf(clock)).toBeLessThan(CLOSE_MS);
    expect(Math.abs(clock.offsetMs() - 3_600_000)).toBeLessThan(CLOSE_MS);
  });

  it('tells the time of its host until Redis has answered', async () => {
    await server.stop();
    const clock = clockOf(connect(), { clock: skewedClock(10_000) });
    expect(clock.isSynchronised()).toBe(false);
    expect(clock.offsetMs()).toBe(0);
    expect(errorOf(clock) - 10_000).toBeLessThan(CLOSE_MS);
    await server.start();
    await clock.ready;
    expect(errorOf(clock)).toBeLessThan(CLOSE_MS);
  });

  it('goes on with the last offset while Redis is away', async () => {
    const client = connect();
    const clock = clockOf(client, { clock: skewedClock(10_000) });
    await clock.ready;
    await server.stop();
    await waitFor(() => client.status !== 'ready', { what: 'the connection to be lost' });
    expect(clock.isSynchronised()).toBe(true);
    expect(errorOf(clock)).toBeLessThan(CLOSE_MS);
  });

  it('follows another clock soon after it has connected to another host', async () => {
    const client = connect();
    // The monotonic clock jumps instead of Redis' clock: their difference is all that the offset knows.
    let jumpMs = 0;
    const local = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + jumpMs };
    const clock = clockOf(client, { clock: local });
    await clock.ready;
    await server.stop();
    await waitFor(() => client.status !== 'ready', { what: 'the connection to be lost' });
    jumpMs = 60_000;
    expect(errorOf(clock)).toBeGreaterThan(50_000);
    await server.start();
    await waitFor(() => errorOf(clock) < CLOSE_MS, { what: 'the clock to follow', timeoutMs: 10_000 });
  });

  it('tells once that it may not ask', async () => {
    const admin = connect();
    await waitForRedis(admin, 'test', 5000);
    await admin.acl('SETUSER', 'blind', 'on', '>pw', '~*', '+@all', '-time');
    const errors: Error[] = [];
    clockOf(connect({ url: server.url.replace('//', '//blind:pw@') }), {
      onError: (error) => errors.push(error),
    });
    await waitFor(() => errors.length > 0, { what: 'an error' });
    expect(errors.map(String)).toEqual([expect.stringMatching(/auth: Redis clock: .*NOPERM/)]);
  });

  it('asks no more when it is closed, and lets go who waits', async () => {
    const client = connect();
    await waitForRedis(client, 'test', 5000);
    const clock = createRedisClock({ client, clock: systemClock });
    clock.close();
    await clock.ready;
    expect(client.listenerCount('ready')).toBe(0);
    const calls = async () =>
      Number(/cmdstat_time:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0);
    const before = await calls();
    // Another one's five quick samples take as long as those of the closed one would have.
    clockOf(client);
    await waitFor(async () => (await calls()) >= before + 5, { what: 'five samples' });
    expect(await calls()).toBe(before + 5);
  });

  it('asks the same node of a cluster, whoever asks', async () => {
    const cluster = await startRedisCluster();
    try {
      const clients = [0, 1].map(() => connect({ url: cluster.url }));
      await Promise.all(clients.map((client) => waitForRedis(client, 'test', 10_000)));
      const clocks = clients.map((client) => clockOf(client));
      await Promise.all(clocks.map(({ ready }) => ready));
      for (const clock of clocks) expect(errorOf(clock)).toBeLessThan(CLOSE_MS);
      const asked = await Promise.all(
        cluster.nodes.map(async ({ url }) => {
          const client = connect({ url });
          await waitForRedis(client, 'test', 5000);
          return (await client.info('commandstats')).includes('cmdstat_time:');
        }),
      );
      expect(asked.filter(Boolean)).toHaveLength(1);
    } finally {
      await cluster.close();
    }
  });
});
