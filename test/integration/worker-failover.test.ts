import { loadManifest } from '../../models/efficientvit/manifest';
import type { Manifest } from '../../models/efficientvit/manifest';
import type { QueueWorker } from '../../workers/serve/serve-types';
import { startRedisCluster } from '../support/redis-cluster';
import { startSentinelGroup } from '../support/redis-sentinel';
import { waitFor } from '../support/wait-for';
import { keys, send, startProducer, startWorker } from '../workers/serve/worker-fixture';
import type { TestProducer } from '../workers/serve/worker-fixture';
import { MODEL, inferencePids, scratchOf } from '../workers/support/pool-fixture';

describe('a worker', () => {
  const servers: { close(): Promise<void> }[] = [];
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

  async function start(url: string) {
    const { worker, events } = await startWorker({ url, manifest });
    const producer = startProducer(url, manifest);
    workers.push(worker);
    producers.push(producer);
    return { worker, events, producer };
  }

  it('serves through a cluster of three masters, also after the one with the queues was restarted', async () => {
    const cluster = await startRedisCluster();
    servers.push(cluster);
    const { worker, producer } = await start(cluster.url);
    await send(producer, [0, 1, 2]);
    expect(await producer.answers(3)).toMatchObject([0, 1, 2].map((seq) => ({ seq, kind: 'detected' })));

    const node = await cluster.nodeOf(keys.queuePrefix);
    await node.stop();
    await node.start();
    await cluster.whenOk();
    await send(producer, [3]);
    const answers = await producer.answers(4);
    expect(answers.at(-1)).toMatchObject({ seq: 3 });
    expect(worker.stats().lostReplies).toBe(0);
  });

  it('serves the master that Sentinels promote', async () => {
    const group = await startSentinelGroup();
    servers.push(group);
    const { producer } = await start(group.url);
    await send(producer, [0], { from: 'a' });
    await producer.answers(1);

    await group.killMaster();
    await send(producer, [0], { from: 'b' });
    // The first answer may or may not have reached the replica.
    const answer = await waitFor(
      async () => (await producer.answers(1, 30_000)).find(({ camera }) => camera === 'b'),
      { what: 'an answer by the new master', timeoutMs: 30_000 },
    );
    expect(answer.kind).toBe('detected');
  });
});
