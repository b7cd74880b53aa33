import { Queue, Worker } from 'bullmq';
import { createRedis, waitForRedis } from '../../../models/support/redis';
import { startRedisCluster } from '../../support/redis-cluster';
import { startSentinelGroup } from '../../support/redis-sentinel';
import { startTlsRedis } from '../../support/redis-tls';
import { waitFor } from '../../support/wait-for';

/** A queue on a producer's connection and a worker on a consumer's, as Sightline uses them. */
async function openQueue(url: string) {
  const producer = createRedis({ url, role: 'producer', purpose: 'test' });
  const consumer = createRedis({ url, role: 'consumer', purpose: 'test' });
  await Promise.all([producer, consumer].map((client) => waitForRedis(client, 'test', 10_000)));
  const options = { prefix: '{sightline}' };
  const queue = new Queue<number>('numbers', { ...options, connection: producer });
  const done: number[] = [];
  const worker = new Worker<number>(
    'numbers',
    (job) => {
      done.push(job.data);
      return Promise.resolve();
    },
    { ...options, connection: consumer, drainDelay: 1, runRetryDelay: 500, maxStalledCount: 0 },
  );
  queue.on('error', () => undefined);
  worker.on('error', () => undefined);
  return {
    add: (number: number) => queue.add('number', number, { removeOnComplete: true }),
    /** Adds a job, as soon as Redis takes it, and waits until it was done. */
    async process(number: number) {
      await waitFor(() => queue.add('number', number, { removeOnComplete: true }), {
        what: 'Redis to take a job',
        timeoutMs: 30_000,
      });
      await waitFor(() => done.includes(number), { what: 'the job to be done', timeoutMs: 30_000 });
    },
    async close() {
      await worker.close();
      await queue.close();
      producer.disconnect();
      consumer.disconnect();
    },
  };
}

describe('BullMQ on connections of createRedis', () => {
  it('passes jobs over TLS, as a user that may do what it needs alone', async () => {
    const redis = await startTlsRedis();
    const queue = await openQueue(redis.url);
    await queue.process(1);
    await queue.close();
    await redis.close();
  });

  it('passes jobs through a failover of sentinels', async () => {
    const group = await startSentinelGroup();
    const queue = await openQueue(group.url);
    await queue.process(1);
    await group.killMaster();
    await expect(queue.add(-1)).rejects.toThrow();
    await queue.process(2);
    await queue.close();
    await group.close();
  });

  it('passes jobs through the loss of their node of a cluster, and of all nodes', async () => {
    const cluster = await startRedisCluster();
    const queue = await openQueue(cluster.url);
    await queue.process(1);
    const own = await cluster.nodeOf('{sightline}');
    for (const [number, lost] of [
      [2, [own]],
      [3, cluster.nodes],
    ] as const) {
      await Promise.all(lost.map((node) => node.kill()));
      await waitFor(
        () =>
          queue.add(-1).then(
            () => false,
            () => true,
          ),
        { what: 'the queue to fail' },
      );
      await Promise.all(lost.map((node) => node.start()));
      await cluster.whenOk();
      await queue.process(number);
    }
    await queue.close();
    await cluster.close();
  });
});
