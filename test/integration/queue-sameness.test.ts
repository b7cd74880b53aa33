import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { CLIP, CLIP_FRAMES, createQueueLab } from '../support/queue-lab';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

describe('a file through the queue', () => {
  const lab = createQueueLab(tempFolder());
  let redis: RedisServer;
  let local: readonly string[];

  beforeAll(async () => {
    redis = await startRedisServer();
    local = await lab.localLines({ plaza: CLIP });
  });

  afterEach(() => lab.clear());

  afterAll(() => redis.close());

  it.each([
    { workers: 1, store: 'auto', batch: 4 },
    { workers: 1, store: 'redis', batch: 1 },
    { workers: 3, store: 'auto', batch: 1 },
    { workers: 3, store: 'redis', batch: 8 },
  ] as const)(
    'gives byte-identical events with $workers workers, frame store $store and batches of $batch',
    async ({ workers, store, batch }) => {
      await Promise.all(
        Array.from({ length: workers }, () => lab.startWorker(redis.url, ['--batch', String(batch)])),
      );
      const port = await lab.startPort(redis.url, { store });
      await waitFor(() => port.stats().capacity.workers === workers, { what: 'all workers' });
      const analysis = await lab.analyse(port, { plaza: CLIP });
      const { state, frames } = await analysis.runs[0]!.done;
      expect(state).toBe('completed');
      expect(frames).toMatchObject({ received: CLIP_FRAMES, detected: CLIP_FRAMES, inFlight: 0 });
      const { redisFrames, shmFrames, sentFrames, sentJobs, retries } = port.stats();
      expect(store === 'redis' ? redisFrames : shmFrames).toBe(sentFrames);
      expect({ sentFrames, retries }).toEqual({ sentFrames: CLIP_FRAMES, retries: 0 });
      if (batch > 1) expect(sentJobs).toBeLessThan(CLIP_FRAMES);
      else expect(sentJobs).toBe(CLIP_FRAMES);
      await analysis.close();
      expect(analysis.lines()).toEqual(local);
    },
  );

  it('is looked at whole when two of three workers leave in the middle, and their jobs go to the third', async () => {
    const [first, second] = await Promise.all(
      [1, 2, 3].map(() => lab.startWorker(redis.url, ['--batch', '2'])),
    );
    const port = await lab.startPort(redis.url);
    const analysis = await lab.analyse(port, { plaza: CLIP });
    const [run] = analysis.runs;
    await waitFor(() => run!.progress().frames.detected >= 10, { what: 'frames' });
    for (const worker of [first!, second!]) worker.child.kill('SIGTERM');
    expect(await Promise.all([first!.ended, second!.ended])).toEqual([0, 0]);
    expect((await run!.done).frames).toMatchObject({ received: CLIP_FRAMES, detected: CLIP_FRAMES });
    await analysis.close();
    expect(analysis.lines()).toEqual(local);
  });
});
