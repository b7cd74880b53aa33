import { createKeys } from '../../../models/domain/keys';
import { shardOf } from '../../../models/domain/shard';
import { createRedis } from '../../../models/support/redis';
import type { RedisClient } from '../../../models/support/redis';
import { createRedisSink } from '../../../operators/sinks/redis-events';
import { startedEvent } from '../../support/events';
import { startRedisServer } from '../../support/redis-server';
import type { RedisServer } from '../../support/redis-server';
import { waitFor } from '../../support/wait-for';

const keys = createKeys('test');

describe('createRedisSink with a greatest age', () => {
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

  const open = (more: object) =>
    createRedisSink({ url: server.url, namespace: 'test', maxLen: 100_000, keepEveryMs: 50, ...more });

  it('trims what is older, of all streams, while no events come', async () => {
    const cameras = Array.from({ length: 10 }, (_, n) => `camera-${n}`);
    for (const fence of [2, 1]) {
      const sink = await open({ fenceOf: () => fence, shards: 2 });
      for (const camera of cameras) await sink.write(startedEvent(fence, camera));
      await sink.close();
    }
    const lengths = () =>
      Promise.all(
        [keys.events(0), keys.events(1), keys.late(0), keys.late(1)].map((key) => client.xlen(key)),
      );
    expect((await lengths()).every((length) => length > 0)).toBe(true);

    const idle = await open({ maxAgeMs: 300, shards: 2 });
    await waitFor(async () => (await lengths()).every((length) => length === 0), {
      what: 'all to be trimmed',
    });
    await idle.close();
    // What is numbered, fenced and open has no age.
    expect(await client.hlen(keys.sequences(0))).toBeGreaterThan(0);
    expect(await client.hlen(keys.openTracks('camera-0', shardOf('camera-0', 2)))).toBe(1);
  });

  it('keeps what is younger', async () => {
    const sink = await open({ maxAgeMs: 3_600_000 });
    for (let n = 1; n <= 3; n++) await client.xadd(keys.events(), `${n}-1`, 'type', 'old');
    await sink.write(startedEvent(0));
    await waitFor(async () => (await client.xlen(keys.events())) === 1, {
      what: 'the old ones to be trimmed',
    });
    await sink.close();
    const [[, fields]] = (await client.xrange(keys.events(), '-', '+')) as [[string, string[]]];
    expect(fields[5]).toBe(startedEvent(0).id);
  });
});
