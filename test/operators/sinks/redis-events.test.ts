import { inspect } from 'node:util';
import { eventSchema } from '../../../models/domain/event';
import { createRedis, waitForRedis } from '../../../models/support/redis';
import { createRedisSink } from '../../../operators/sinks/redis-events';
import { startedEvent } from '../../support/events';
import { startRedisServer } from '../../support/redis-server';
import type { RedisServer } from '../../support/redis-server';
import { waitFor } from '../../support/wait-for';

const KEY = 'test:events:0';

async function entriesOf(url: string, key = KEY): Promise<Record<string, string>[]> {
  const client = createRedis({ url, role: 'consumer', purpose: 'test' });
  const entries = await client.xrange(key, '-', '+');
  client.disconnect();
  return entries.map(([, fields]) =>
    Object.fromEntries(fields.flatMap((field, i) => (i % 2 === 0 ? [[field, fields[i + 1]!]] : []))),
  );
}

const idOf = ({ id }: { readonly id?: string }) => id ?? '';

describe('createRedisSink', () => {
  let server: RedisServer;
  const options = (more: object = {}) => ({ url: server.url, namespace: 'test', maxLen: 100_000, ...more });
  beforeEach(async () => {
    server = await startRedisServer();
  });
  afterEach(() => server.close());

  it('appends every event in order, with the fields type, camera, id, seq and data', async () => {
    const sink = await createRedisSink(options());
    const events = Array.from({ length: 1200 }, (_, n) => startedEvent(n));
    for (const event of events) await sink.write(event);
    await sink.close();
    const entries = await entriesOf(server.url);
    expect(entries.map((entry) => eventSchema.parse(JSON.parse(entry.data!)))).toEqual(events);
    expect(entries[7]).toEqual({
      type: 'track.started',
      camera: 'front',
      id: events[7]!.id,
      seq: '8',
      data: JSON.stringify(events[7]),
    });
    expect(sink.stats()).toEqual({ written: 1200, pending: 0, lost: 0 });
  });

  it('keeps about as many entries as it is told', async () => {
    const sink = await createRedisSink(options({ maxLen: 200 }));
    for (let n = 0; n < 2000; n++) await sink.write(startedEvent(n));
    await sink.close();
    const kept = (await entriesOf(server.url)).length;
    expect(kept).toBeGreaterThanOrEqual(200);
    expect(kept).toBeLessThan(400);
  });

  it('loses nothing, repeats nothing and keeps the order when Redis restarts while it writes', async () => {
    const sink = await createRedisSink(options({ drainTimeoutMs: 30_000 }));
    const events = Array.from({ length: 6000 }, (_, n) => startedEvent(n));
    let next = 0;
    const writeUpTo = async (end: number) => {
      while (next < end) await sink.write(events[next++]!);
    };
    await writeUpTo(2000);
    await server.stop();
    await writeUpTo(4000);
    await server.start();
    const writing = writeUpTo(6000);
    await server.kill();
    await server.start();
    await writing;
    await sink.close();
    expect((await entriesOf(server.url)).map(idOf)).toEqual(events.map(idOf));
  });

  it('holds writers back, dropping nothing, while Redis is away and the queue is full', async () => {
    const sink = await createRedisSink(options({ maxPending: 100, drainTimeoutMs: 30_000 }));
    await sink.write(startedEvent(0));
    await waitFor(() => sink.stats().written === 1, { what: 'the first event to be written' });
    await server.stop();
    let accepted = 1;
    const writing = (async () => {
      for (; accepted < 300; accepted++) await sink.write(startedEvent(accepted));
    })();
    await waitFor(() => sink.stats().pending === 100, { what: 'the queue to fill' });
    await new Promise(setImmediate);
    expect(sink.stats().pending).toBe(100);
    await server.start();
    await writing;
    await sink.close();
    expect(await entriesOf(server.url)).toHaveLength(300);
  });

  it('gets over a Redis that hangs, which had taken what it did not confirm', async () => {
    const errors: Error[] = [];
    const onError = (error: Error) => errors.push(error);
    const sink = await createRedisSink(options({ replyTimeoutMs: 200, drainTimeoutMs: 30_000, onError }));
    server.freeze();
    for (let n = 0; n < 50; n++) await sink.write(startedEvent(n));
    const closing = sink.close();
    await waitFor(() => errors.length > 0, { what: 'the connection to be given up' });
    server.thaw();
    await closing;
    expect(await entriesOf(server.url)).toHaveLength(50);
  });

  it('says how many events were not written when Redis does not come back in time', async () => {
    const sink = await createRedisSink(options({ drainTimeoutMs: 300 }));
    await server.stop();
    for (let n = 0; n < 42; n++) await sink.write(startedEvent(n));
    await expect(sink.close()).rejects.toThrow(
      /^sink: redis:\/\/127\.0\.0\.1:\d+: .*42 not written after 300 ms/,
    );
    await expect(sink.ended).resolves.toMatchObject({ kind: 'failed' });
    expect(sink.stats()).toEqual({ written: 0, pending: 0, lost: 42 });
  });

  it('gives up on a frozen Redis after the time to drain', async () => {
    const sink = await createRedisSink(options({ drainTimeoutMs: 300 }));
    server.freeze();
    await sink.write(startedEvent(0));
    await expect(sink.close()).rejects.toThrow(/1 not written/);
  });

  it('fails when the key holds something else', async () => {
    const client = createRedis({ url: server.url, role: 'consumer', purpose: 'test' });
    await client.set(KEY, 'not a stream');
    client.disconnect();
    const sink = await createRedisSink(options());
    await sink.write(startedEvent(0));
    await expect(sink.ended).resolves.toMatchObject({ kind: 'failed' });
    await expect(sink.close()).rejects.toThrow(/WRONGTYPE/);
  });

  it('fails when the user may not append', async () => {
    const client = createRedis({ url: server.url, role: 'consumer', purpose: 'test' });
    await client.acl('SETUSER', 'reader', 'on', '>secret-of-reader', '~*', '+@all', '-xadd');
    client.disconnect();
    const url = server.url.replace('//', '//reader:secret-of-reader@');
    const sink = await createRedisSink(options({ url }));
    await sink.write(startedEvent(0));
    const error: unknown = await sink.close().catch((reason: unknown) => reason);
    expect(inspect(error, { depth: 9, showHidden: true })).toMatch(/NOPERM/);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret-of-reader');
  });

  it('waits while Redis is out of memory and goes on when there is room', async () => {
    const client = createRedis({ url: server.url, role: 'producer', purpose: 'test' });
    await waitForRedis(client, 'test', 5000);
    const sink = await createRedisSink(options({ drainTimeoutMs: 30_000 }));
    await client.config('SET', 'maxmemory', '1');
    await sink.write(startedEvent(0));
    await waitFor(async () => /rejected_calls=[1-9]/.test(await client.info('commandstats')), {
      what: 'an append to be refused',
    });
    await client.config('SET', 'maxmemory', '0');
    await sink.close();
    client.disconnect();
    expect(await entriesOf(server.url)).toHaveLength(1);
  });

  it('refuses a Redis that may evict keys', async () => {
    const client = createRedis({ url: server.url, role: 'consumer', purpose: 'test' });
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    client.disconnect();
    await expect(createRedisSink(options())).rejects.toThrow(
      /^sink: .*expected maxmemory-policy noeviction.*got allkeys-lru/,
    );
  });

  it('says that a Redis cannot be reached, with its address and no credentials', async () => {
    await server.stop();
    const url = server.url.replace('//', '//user:hunter2hunter2@');
    const failing = createRedisSink(options({ url, connectTimeoutMs: 300 }));
    const error: unknown = await failing.catch((reason: unknown) => reason);
    expect(inspect(error, { depth: 9 })).toMatch(
      /sink: redis:\/\/127\.0\.0\.1:\d+: expected an answer, got .*ECONNREFUSED/,
    );
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
  });
});
