import { loadManifest, toDetectorInfo } from '../../models/efficientvit/manifest';
import { createRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { createQueueLab } from '../support/queue-lab';
import { createFrameSender } from '../support/sent-frames';
import type { FrameSender } from '../support/sent-frames';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';
import { copyModel } from '../workers/support/pool-fixture';

/** Keys that a clean stop leaves: what BullMQ knows of its queues, and the models that there are. */
const DECLARED = [
  /^sightline:models$/,
  /^\{sightline\}:sightline-detect-[0-9a-f]{8}-p2-(live|recorded):(meta|events|id|stalled-check)$/,
];

describe('a queue shared by cameras', () => {
  const folder = tempFolder();
  const lab = createQueueLab(folder);
  let redis: RedisServer;
  let client: RedisClient;

  beforeAll(async () => {
    redis = await startRedisServer();
    client = createRedis({ url: redis.url, role: 'consumer', purpose: 'test' });
  });

  afterEach(() => lab.clear());

  afterAll(async () => {
    client.disconnect();
    await redis.close();
  });

  /** Sends frames as a live camera does, at its own pace, whatever becomes of them. */
  function play(camera: FrameSender, framesPerSecond: number): () => Promise<void> {
    const pending = new Set<Promise<unknown>>();
    const timer = setInterval(() => {
      const frame: Promise<unknown> = camera.send().finally(() => pending.delete(frame));
      pending.add(frame);
    }, 1000 / framesPerSecond);
    return async () => {
      clearInterval(timer);
      await Promise.all(pending);
    };
  }

  const counts = ({ outcomes }: FrameSender) => {
    const of = (kind: string) => outcomes.filter((outcome) => outcome.kind === kind).length;
    return { detected: of('detected'), dropped: of('dropped'), expired: of('expired'), failed: of('failed') };
  };

  it.each(['one process', 'two processes'])(
    'looks at 95 % of a slow camera beside a fast one that alone would fill the workers, sent by %s',
    async (processes) => {
      const manifest = copyModel(folder, { kind: 'delay', afterFrames: 0, delayMs: 100, runsModel: false });
      await lab.startWorker(redis.url, ['--model', manifest, '--batch', '1']);
      const detector = toDetectorInfo(await loadManifest(manifest));
      const port = await lab.startPort(redis.url, { detector });
      const other = processes === 'one process' ? port : await lab.startPort(redis.url, { detector });
      await waitFor(() => other.stats().capacity.workers === 1, { what: 'the worker' });
      const fast = createFrameSender(port, { camera: 'fast', mode: 'live', inFlight: 2 });
      const slow = createFrameSender(other, { camera: 'slow', mode: 'live', inFlight: 2 });
      const stops = [play(fast, 30), play(slow, 2)];
      await waitFor(() => slow.sent >= 20, { what: 'frames of the slow camera', timeoutMs: 30_000 });
      for (const stop of stops) await stop();
      const [ofFast, ofSlow] = [counts(fast), counts(slow)];
      expect(ofSlow.detected).toBeGreaterThanOrEqual(0.95 * slow.sent);
      expect(ofFast.detected).toBeGreaterThan(ofSlow.detected);
      expect(ofFast.dropped + ofFast.expired).toBeGreaterThan(ofFast.detected);
      expect(Object.values(ofFast).reduce((sum, count) => sum + count)).toBe(fast.sent);
    },
  );

  it('leaves none but the declared keys after a clean stop', async () => {
    await client.flushall();
    const worker = await lab.startWorker(redis.url);
    for (const store of ['auto', 'redis'] as const) {
      const port = await lab.startPort(redis.url, { store });
      for (const mode of ['live', 'recorded'] as const) {
        const camera = createFrameSender(port, { mode, camera: mode });
        for (let frame = 0; frame < 3; frame++) await camera.send();
      }
      await port.close();
    }
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
    const undeclared = (await client.keys('*')).filter((key) => !DECLARED.some((name) => name.test(key)));
    expect(undeclared).toEqual([]);
    expect(await client.hlen('sightline:models')).toBe(1);
  });

  it('stays within its budget of Redis through a minute without workers in which a hundred live frames a second come', async () => {
    await client.flushall();
    const worker = await lab.startWorker(redis.url);
    const frameBudgetBytes = 4 * 1024 * 1024;
    const port = await lab.startPort(redis.url, { store: 'redis', frameBudgetBytes });
    const memory = async () => Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]);
    const cameras = Array.from({ length: 10 }, (_, index) =>
      createFrameSender(port, { mode: 'live', camera: `camera-${index}`, inFlight: 2 }),
    );
    await Promise.all(cameras.map((camera) => camera.send()));
    process.kill(worker.pid, 'SIGSTOP');
    const before = await memory();
    const stops = cameras.map((camera) => play(camera, 10));
    let peak = 0;
    await waitFor(
      async () => {
        peak = Math.max(peak, await memory());
        return cameras[0]!.sent > 600;
      },
      { what: 'a minute of frames', timeoutMs: 100_000 },
    );
    for (const stop of stops) await stop();
    expect(peak - before).toBeLessThan(frameBudgetBytes + 2 * 1024 * 1024);
    expect(port.stats()).toMatchObject({ inFlight: 0, jobs: 0 });
    expect((await memory()) - before).toBeLessThan(1024 * 1024);
    expect(await client.keys('sightline:frame:*')).toEqual([]);
    expect(await client.keys('*:wait')).toEqual([]);
  });
});
