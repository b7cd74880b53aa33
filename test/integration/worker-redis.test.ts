import { loadManifest } from '../../models/efficientvit/manifest';
import type { Manifest } from '../../models/efficientvit/manifest';
import { createQueueWorker } from '../../workers/serve/queue-worker';
import type { QueueWorker, WorkerEvent } from '../../workers/serve/serve-types';
import { closedPort } from '../support/closed-port';
import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { waitFor } from '../support/wait-for';
import { keys, send, startProducer, startWorker } from '../workers/serve/worker-fixture';
import type { TestProducer } from '../workers/serve/worker-fixture';
import { MODEL, inferencePids, scratchOf } from '../workers/support/pool-fixture';

describe('a worker and its Redis', () => {
  const servers: RedisServer[] = [];
  const workers: QueueWorker[] = [];
  const producers: TestProducer[] = [];
  let manifest: Manifest;

  beforeAll(async () => {
    manifest = await loadManifest(MODEL);
  });

  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.close()));
    await Promise.all(producers.splice(0).map((producer) => producer.close()));
    await Promise.all(servers.splice(0).map((server) => server.close()));
    expect(inferencePids()).toEqual([]);
    expect(scratchOf()).toEqual([]);
  });

  async function startServer(args: readonly string[] = []) {
    const server = await startRedisServer(args);
    servers.push(server);
    return server;
  }

  async function start(server: RedisServer) {
    const { worker, events } = await startWorker({ url: server.url, manifest });
    const producer = startProducer(server.url, manifest);
    workers.push(worker);
    producers.push(producer);
    return { worker, events, producer };
  }

  const kindsOf = (events: readonly WorkerEvent[]) => events.map(({ kind }) => kind);

  /** Longest that a worker may take to go on, with room for a busy machine. */
  const RECOVERY_MS = 5000;

  it('go on together after Redis was restarted, with what it had and without', async () => {
    const server = await startServer();
    const { worker, producer } = await start(server);
    await send(producer, [0], { from: 'a' });
    await producer.answers(1);

    await server.stop();
    await server.start();
    await send(producer, [0], { from: 'b' });
    expect(await producer.answers(2, RECOVERY_MS)).toMatchObject([{ camera: 'a' }, { camera: 'b' }]);

    await producer.client.flushall();
    await server.stop();
    await server.start();
    await send(producer, [0], { from: 'c' });
    expect(await producer.answers(1, RECOVERY_MS)).toMatchObject([{ camera: 'c', kind: 'detected' }]);
    await waitFor(() => producer.client.hexists(keys.workers, worker.id), { what: 'a heartbeat' });
    await waitFor(() => producer.client.hexists(keys.models, MODEL), { what: 'its model' });
  });

  it.each([
    ['was gone', 'kill', 'start'],
    ['stood still', 'freeze', 'thaw'],
  ] as const)('go on together after Redis %s, and tell of it once', async (_what, end, begin) => {
    const server = await startServer();
    const { events, producer } = await start(server);
    await server[end]();
    await waitFor(() => kindsOf(events).includes('redis_away'), { what: 'an outage' });
    await server[begin]();
    await send(producer, [0]);
    expect(await producer.answers(1, RECOVERY_MS)).toMatchObject([{ kind: 'detected' }]);
    await waitFor(() => kindsOf(events).includes('redis_back'), { what: 'its end' });
    // The process loads its model beside the connecting: either may be first.
    expect(kindsOf(events).filter((kind) => kind.startsWith('redis'))).toEqual(['redis_away', 'redis_back']);
    expect(kindsOf(events).filter((kind) => kind === 'process_ready')).toHaveLength(1);
  });

  it('part when it is closed while Redis is gone', async () => {
    const server = await startServer();
    const { worker, events } = await start(server);
    await server.kill();
    await waitFor(() => kindsOf(events).includes('redis_away'), { what: 'an outage' });
    await worker.close();
  });

  it('give an answer up that Redis did not take in time, and go on', async () => {
    const server = await startServer(['--save', '', '--appendonly', 'no']);
    const { worker, events, producer } = await start(server);
    // A key of another type refuses the answer as long as it is there.
    await producer.client.set(keys.replies(producer.id), 'no stream');
    await send(producer, [0, 1]);
    const lost = await waitFor(() => events.find(({ kind }) => kind === 'reply_lost'), {
      what: 'a lost reply',
    });
    expect(lost).toMatchObject({ producer: producer.id, frames: 2 });
    expect(worker.stats()).toMatchObject({ lostReplies: 2, replies: { detected: 0 } });
    await producer.client.del(keys.replies(producer.id));
    await send(producer, [2]);
    expect(await producer.answers(1)).toMatchObject([{ seq: 2, kind: 'detected' }]);
  });

  it('meet when the worker is first, which says whom it waits for', async () => {
    const port = await closedPort();
    const events: WorkerEvent[] = [];
    const starting = startWorker({
      url: `redis://nobody:secret@127.0.0.1:${port}`,
      manifest,
      onEvent: (event) => void events.push(event),
    });
    await waitFor(() => kindsOf(events).includes('redis_away'), { what: 'a notice' });
    const away = events.find((event) => event.kind === 'redis_away');
    expect(away?.error.message).toContain(`redis://127.0.0.1:${port}`);
    expect(JSON.stringify(events)).not.toContain('secret');
    const server = await startRedisServer(['--user', 'nobody', 'on', '>secret', '~*', '&*', '+@all'], {
      port,
    });
    servers.push(server);
    const { worker } = await starting;
    workers.push(worker);
    expect(worker.redis).toBe(`redis://127.0.0.1:${port}`);
    // The process loads its model beside the connecting: either may be first.
    expect(kindsOf(events).filter((kind) => kind.startsWith('redis'))).toEqual(['redis_away', 'redis_back']);
    expect(kindsOf(events).filter((kind) => kind === 'process_ready')).toHaveLength(1);
  });

  it('do not meet when the worker is stopped before', async () => {
    const url = `redis://127.0.0.1:${await closedPort()}`;
    const stop = new AbortController();
    const events: WorkerEvent[] = [];
    const starting = createQueueWorker(
      {
        ...{ url, manifest, namespace: 'test', providers: ['cpu'], processes: 1, maxBatch: 1 },
        inferenceTimeoutMs: 1000,
        onEvent: (event) => void events.push(event),
      },
      stop.signal,
    );
    await waitFor(() => kindsOf(events).includes('process_ready'), { what: 'a warm model' });
    stop.abort();
    expect(await starting).toBeUndefined();
  });

  it.each([
    [['--requirepass', 'right'], 'auth', /WRONGPASS/],
    [['--maxmemory-policy', 'allkeys-lru'], 'config', /expected maxmemory-policy noeviction/],
  ])('do not come together when it is started with %j', async (args, code, message) => {
    const { port } = await startServer(args);
    const url = code === 'auth' ? `redis://:wrong@127.0.0.1:${port}` : `redis://127.0.0.1:${port}`;
    await expect(startWorker({ url, manifest })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('do not come together for a model whose weights are not there', async () => {
    const { url } = await startServer();
    const missing = { ...manifest, file: `${manifest.file}.none` };
    await expect(startWorker({ url, manifest: missing })).rejects.toMatchObject({ code: 'model' });
  });
});
