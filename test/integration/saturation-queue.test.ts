import { createQueueLab, LIVE_CLIP } from '../support/queue-lab';
import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';
import { copyModel } from '../workers/support/pool-fixture';

const QUICK = {
  windowMs: 1000,
  checkMs: 50,
  lowerAfterMs: 400,
  raiseAfterMs: 500,
  pause: false,
  leftOutPercent: 30,
};

describe('live cameras in front of a queue', () => {
  const folder = tempFolder();
  const lab = createQueueLab(folder);
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedisServer();
  });

  afterEach(() => lab.clear());

  afterAll(() => redis.close());

  it('give way when its workers are too slow, not while there are none, and come back with faster ones', async () => {
    const port = await lab.startPort(redis.url);
    const camera = { ...LIVE_CLIP, maxFps: 4, maxLatencyMs: 5000 };
    const cameras = { low: { ...camera, priority: 1 }, high: { ...camera, priority: 9 } };
    const { runs, metrics, close } = await lab.analyse(port, cameras, QUICK);
    const level = async () => Number(/^sightline_saturation_level (\d+)$/m.exec(await metrics())?.[1]);
    const left = () => runs.map((run) => run.progress().frames.dropped['superseded'] ?? 0);
    await waitFor(() => Math.min(...left()) > 12, { what: 'frames that nobody looked at' });
    expect(await level()).toBe(0);

    const fault = { kind: 'delay', afterFrames: 0, delayMs: 700, runsModel: false } as const;
    const slow = await lab.startWorker(redis.url, ['--batch', '1', '--model', copyModel(folder, fault)]);
    await waitFor(level, { what: 'a camera to give way', timeoutMs: 30_000 });
    const [low] = runs;
    await waitFor(() => low!.progress().frames.dropped['thinned'], { what: 'thinned frames' });

    process.kill(slow.pid, 'SIGKILL');
    await lab.startWorker(redis.url);
    await waitFor(async () => (await level()) === 0, { what: 'all to come back', timeoutMs: 40_000 });
    await close();
    for (const run of runs) expect((await run.done).frames.inFlight).toBe(0);
  });
});
