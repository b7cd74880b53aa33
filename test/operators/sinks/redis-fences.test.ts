import { createKeys } from '../../../models/domain/keys';
import { createRedis } from '../../../models/support/redis';
import type { RedisClient } from '../../../models/support/redis';
import { createRedisSink } from '../../../operators/sinks/redis-events';
import { startedEvent } from '../../support/events';
import { startRedisServer } from '../../support/redis-server';
import type { RedisServer } from '../../support/redis-server';
import { waitFor } from '../../support/wait-for';

describe('createRedisSink with fences', () => {
  const keys = createKeys('test');
  let server: RedisServer;
  let client: RedisClient;
  const options = (more: object = {}) => ({ url: server.url, namespace: 'test', maxLen: 100_000, ...more });

  beforeEach(async () => {
    server = await startRedisServer();
    client = createRedis({ url: server.url, role: 'consumer', purpose: 'test' });
  });
  afterEach(async () => {
    client.disconnect();
    await server.close();
  });

  it('writes an event under the fence its camera had when it was handed over', async () => {
    const successor = await createRedisSink(options({ fenceOf: () => 11 }));
    await successor.write(startedEvent(0));
    await successor.close();

    let fence = 10;
    const superseded: [string, number][] = [];
    const owner = await createRedisSink(
      options({
        fenceOf: (camera: string) => (camera === 'front' ? fence : undefined),
        onSuperseded: (camera: string, count: number) => superseded.push([camera, count]),
        replyTimeoutMs: 60_000,
        drainTimeoutMs: 60_000,
      }),
    );
    server.freeze();
    await owner.write(startedEvent(1));
    await owner.write(startedEvent(2));
    await owner.write(startedEvent(3, 'back'));
    fence = 12;
    await owner.write(startedEvent(4));
    server.thaw();
    await owner.close();

    // The first went on its way alone, the others together.
    expect(superseded).toEqual([
      ['front', 1],
      ['front', 1],
    ]);
    expect(owner.stats()).toEqual({ written: 4, pending: 0, lost: 0 });
    const idsOf = async (key: string) => (await client.xrange(key, '-', '+')).map(([, fields]) => fields[5]);
    const [kept, late] = [
      [startedEvent(0), startedEvent(3, 'back'), startedEvent(4)],
      [startedEvent(1), startedEvent(2)],
    ];
    expect(await idsOf(keys.events())).toEqual(kept.map(({ id }) => id));
    expect(await idsOf(keys.late())).toEqual(late.map(({ id }) => id));
  });

  it('appends long events in parts, in order', async () => {
    const sink = await createRedisSink(options());
    const events = Array.from({ length: 50 }, (_, n) => {
      const event = startedEvent(n);
      return { ...event, data: { ...event.data, label: 'x'.repeat(100_000) } };
    });
    for (const event of events) await sink.write(event);
    await sink.close();
    const entries = await client.xrange(keys.events(), '-', '+');
    expect(entries.map(([, fields]) => fields[5])).toEqual(events.map(({ id }) => id));
    const appends = /cmdstat_(?:eval|evalsha):calls=(\d+)/g;
    const calls = [...(await client.info('commandstats')).matchAll(appends)].map(([, count]) =>
      Number(count),
    );
    expect(calls.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(5);
  });

  it('leaves no trace of itself as a writer when it is closed', async () => {
    const sink = await createRedisSink(options());
    await sink.write(startedEvent(0));
    await waitFor(() => sink.stats().written === 1, { what: 'the event to be written' });
    expect(await client.keys(keys.writer('*'))).toHaveLength(1);
    await sink.close();
    expect(await client.keys(keys.writer('*'))).toEqual([]);
  });

  it('goes on when Redis is restarted empty', async () => {
    const sink = await createRedisSink(options({ fenceOf: () => 5, drainTimeoutMs: 30_000 }));
    await sink.write(startedEvent(0));
    await waitFor(() => sink.stats().written === 1, { what: 'the first event to be written' });
    await client.flushall();
    await server.kill();
    await server.start();
    await sink.write(startedEvent(1));
    await sink.close();
    const entries = await client.xrange(keys.events(), '-', '+');
    expect(entries.map(([, fields]) => [fields[5], fields[7]])).toEqual([[startedEvent(1).id, '1']]);
  });

  it('refuses an age that is none', async () => {
    await expect(createRedisSink(options({ maxAgeMs: 0 }))).rejects.toThrow(
      'maxAgeMs: expected more than 0, got 0',
    );
  });
});
