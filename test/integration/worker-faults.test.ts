import { loadManifest } from '../../models/efficientvit/manifest';
import type { QueueWorker } from '../../workers/serve/serve-types';
import { parseWorkerHeartbeat } from '../../workers/wire/heartbeat';
import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';
import { keys, send, startProducer, startWorker } from '../workers/serve/worker-fixture';
import type { TestProducer } from '../workers/serve/worker-fixture';
import { copyModel, inferencePids, scratchOf } from '../workers/support/pool-fixture';
import type { Fault } from '../workers/support/pool-fixture';

describe('a worker whose detector', () => {
  const folder = tempFolder();
  const workers: QueueWorker[] = [];
  const producers: TestProducer[] = [];
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedisServer();
  });

  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.close()));
    // Each test has the queues of the same model.
    await producers[0]?.client.flushall();
    await Promise.all(producers.splice(0).map((producer) => producer.close()));
    expect(inferencePids()).toEqual([]);
    expect(scratchOf()).toEqual([]);
  });

  afterAll(() => redis.close());

  async function start(fault: Fault, options: Partial<Parameters<typeof startWorker>[0]> = {}) {
    const manifest = await loadManifest(copyModel(folder, fault));
    const { worker, events } = await startWorker({ url: redis.url, manifest, ...options });
    const producer = startProducer(redis.url, manifest);
    workers.push(worker);
    producers.push(producer);
    return { worker, events, producer, manifest };
  }

  const kindsOf = (answers: readonly { kind: string }[]) => answers.map(({ kind }) => kind);

  it('crashes answers `lost` for what was in work, and goes on with the rest', async () => {
    const { worker, producer, events } = await start({ kind: 'crash', afterFrames: 3 }, { maxBatch: 2 });
    for (const seq of [0, 1, 2, 3, 4, 5]) await send(producer, [seq], { from: `camera-${seq}` });
    const kinds = kindsOf(await producer.answers(6));
    const lost = kinds.filter((kind) => kind !== 'detected');
    expect(lost.length).toBeGreaterThan(0);
    expect(new Set(lost)).toEqual(new Set(['lost']));
    expect(kinds).toContain('detected');
    const lostFrames = events.map((event) => (event.kind === 'process_lost' ? event.lostFrames : 0));
    expect(lost).toHaveLength(lostFrames.reduce((sum, count) => sum + count, 0));
    await waitFor(() => worker.stats().heldFrames === 0, { what: 'all answers to be counted' });
    expect(worker.stats().replies).toMatchObject({ lost: lost.length, detected: 6 - lost.length });
  });

  it('hangs answers `lost` when its time is over', async () => {
    const { producer } = await start({ kind: 'hang', afterFrames: 1 }, { inferenceTimeoutMs: 1000 });
    await send(producer, [0]);
    await producer.answers(1);
    await send(producer, [1]);
    expect(kindsOf(await producer.answers(2))).toEqual(['detected', 'lost']);
  });

  it('ends again and again takes no more jobs, and gives back what it cannot begin', async () => {
    const { worker, producer } = await start({ kind: 'crash', afterFrames: 0 }, { maxBatch: 1 });
    const seqs = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    for (const seq of seqs) await send(producer, [seq], { from: `camera-${seq}` });
    await waitFor(async () => (await producer.replies()).length >= 5 && worker.stats().heldFrames === 0, {
      what: 'nothing at hand',
      timeoutMs: 20_000,
    });
    const kinds = kindsOf((await producer.replies()).flatMap(({ frames }) => frames));
    expect(kinds.filter((kind) => kind === 'lost')).toHaveLength(5);
    expect(new Set(kinds.slice(5))).toEqual(new Set(kinds.length > 5 ? ['returned'] : []));
    expect(worker.stats().readyProcesses).toBe(0);
    expect(await producer.queues.recorded.getWaitingCount()).toBe(seqs.length - kinds.length);
    await waitFor(
      async () =>
        parseWorkerHeartbeat((await producer.client.hget(keys.workers, worker.id))!)?.processes === 0,
      { what: 'a heartbeat that says so' },
    );
  });

  it('is busy gets frames of all jobs, cameras and producers that wait, in one run', async () => {
    const { worker, producer, manifest } = await start({ kind: 'delay', afterFrames: 0, delayMs: 500 });
    const other = startProducer(redis.url, manifest);
    producers.push(other);
    for (const seq of [0, 1]) await send(producer, [seq], { from: 'first' });
    await waitFor(() => worker.stats().heldFrames === 2, { what: 'a process that has enough' });
    await send(producer, [0], { from: 'a' });
    await send(other, [0], { from: 'a' });
    await send(other, [0], { from: 'b' });
    await producer.answers(3);
    await other.answers(2);
    expect(worker.stats().meanBatch).toBeCloseTo(5 / 3);
  });

  it('is busy looks alone at a frame that was tried before', async () => {
    const { worker, producer } = await start({ kind: 'delay', afterFrames: 0, delayMs: 500 });
    for (const seq of [0, 1]) await send(producer, [seq], { from: 'first' });
    await waitFor(() => worker.stats().heldFrames === 2, { what: 'a process that has enough' });
    await send(producer, [0], { from: 'suspect', attempt: 2 });
    await send(producer, [0], { from: 'a' });
    await send(producer, [0], { from: 'b' });
    const answers = await producer.answers(5);
    expect(answers.map(({ camera, attempt, kind }) => [camera, attempt, kind])).toEqual([
      ['a', 1, 'detected'],
      ['b', 1, 'detected'],
      ['first', 1, 'detected'],
      ['first', 1, 'detected'],
      ['suspect', 2, 'detected'],
    ]);
    expect(worker.stats().meanBatch).toBeCloseTo(5 / 4);
  });

  it('is busy finishes what was begun when it is closed, and takes no more', async () => {
    const { worker, producer } = await start({ kind: 'delay', afterFrames: 0, delayMs: 500 });
    for (const seq of [0, 1, 2]) await send(producer, [seq], { from: `camera-${seq}` });
    await waitFor(() => worker.stats().heldFrames === 3, { what: 'three frames at hand' });
    const closing = worker.close();
    expect(worker.close()).toBe(closing);
    await waitFor(
      async () => parseWorkerHeartbeat((await producer.client.hget(keys.workers, worker.id))!)?.isLeaving,
      { what: 'a heartbeat that says so' },
    );
    for (const seq of [3, 4, 5]) await send(producer, [seq], { from: `camera-${seq}` });
    await closing;
    const kinds = kindsOf(await producer.answers(3));
    expect(kinds.slice(0, 3)).toEqual(['detected', 'detected', 'detected']);
    expect(new Set(kinds.slice(3))).toEqual(new Set(kinds.length > 3 ? ['returned'] : []));
    expect(await producer.queues.recorded.getActiveCount()).toBe(0);
    expect(await producer.queues.recorded.getWaitingCount()).toBe(6 - kinds.length);
    expect(await producer.client.hexists(keys.workers, worker.id)).toBe(0);
  });

  it('takes too long gives back what it has when it is closed', async () => {
    const fault: Fault = { kind: 'delay', afterFrames: 0, delayMs: 60_000 };
    const { worker, producer } = await start(fault, { drainTimeoutMs: 200, inferenceTimeoutMs: 120_000 });
    await send(producer, [0, 1]);
    await waitFor(() => worker.stats().heldFrames === 2, { what: 'two frames at hand' });
    await worker.close();
    expect(kindsOf(await producer.answers(2))).toEqual(['returned', 'returned']);
    expect(await producer.queues.recorded.getJobCountByTypes('active', 'wait')).toBe(0);
  });
});
