import { createRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { CLIP, CLIP_FRAMES, LIVE_CLIP, createQueueLab } from '../support/queue-lab';
import { createFrameSender } from '../support/sent-frames';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

const RECOVERY_MS = 2000;
const FROZEN_MS = 3000;

/** What happens to Redis, from its beginning to its end. */
const FAULTS: Readonly<Record<string, (redis: RedisServer) => Promise<void>>> = {
  'restarted with its data': async (redis) => {
    await redis.kill();
    await redis.start();
  },
  'restarted empty': async (redis) => {
    await redis.kill();
    await redis.startEmpty();
  },
  'frozen for three seconds': async (redis) => {
    redis.freeze();
    // The fault itself takes so long: nothing is waited for.
    await new Promise((resolve) => setTimeout(resolve, FROZEN_MS));
    redis.thaw();
  },
};

describe('a queue whose Redis fails', () => {
  const lab = createQueueLab(tempFolder());
  let redis: RedisServer;
  let local: readonly string[];

  beforeAll(async () => {
    local = await lab.localLines({ plaza: CLIP });
  });

  beforeEach(async () => {
    redis = await startRedisServer();
  });

  afterEach(async () => {
    await lab.clear();
    await redis.close();
  });

  it.each(Object.keys(FAULTS))('loses and repeats no frame of a file when it is %s', async (fault) => {
    await lab.startWorker(redis.url, ['--batch', '2']);
    const port = await lab.startPort(redis.url, { store: 'redis', resubmitMs: 1500 });
    const analysis = await lab.analyse(port, { plaza: CLIP });
    const [run] = analysis.runs;
    for (const least of [10, 30]) {
      await waitFor(() => run!.progress().frames.detected >= least, {
        what: `${least} frames`,
        timeoutMs: 30_000,
      });
      await FAULTS[fault]!(redis);
    }
    const { state, frames } = await run!.done;
    expect(state).toBe('completed');
    expect(frames).toMatchObject({ received: CLIP_FRAMES, detected: CLIP_FRAMES, inFlight: 0 });
    expect(port.stats()).toMatchObject({ poisonFrames: 0, inFlight: 0 });
    await analysis.close();
    expect(analysis.lines()).toEqual(local);
  });

  it.each(Object.keys(FAULTS))(
    'gives every live frame its column when it is %s, and looks at new ones soon after',
    async (fault) => {
      await lab.startWorker(redis.url);
      const port = await lab.startPort(redis.url, { store: 'redis' });
      const analysis = await lab.analyse(port, { live: LIVE_CLIP });
      const [run] = analysis.runs;
      const ledger = () => run!.progress().frames;
      await waitFor(() => ledger().detected >= 5, { what: 'frames' });
      await FAULTS[fault]!(redis);
      const { detected } = ledger();
      await waitFor(() => ledger().detected >= detected + 5, { what: 'new frames', timeoutMs: RECOVERY_MS });
      await analysis.close();
      const { frames } = await run!.done;
      const leftOut = Object.values(frames.dropped).reduce((sum, count) => sum + count, frames.expired);
      expect(frames).toMatchObject({ inFlight: 0, failed: {} });
      expect(frames.received).toBe(frames.detected + leftOut);
    },
  );

  it('can be closed while it is away, with frames out and workers looked for', async () => {
    const worker = await lab.startWorker(redis.url);
    const ports = await Promise.all([1, 2, 3].map(() => lab.startPort(redis.url)));
    const cameras = ports.map((port, index) => createFrameSender(port, { camera: `camera-${index}` }));
    for (const camera of cameras) expect(await camera.send()).toMatchObject({ kind: 'detected' });
    process.kill(worker.pid, 'SIGSTOP');
    const outcomes = cameras.map((camera) => camera.send());
    await waitFor(() => ports.every((port) => port.stats().inFlight === 1), { what: 'the frames' });
    await redis.kill();
    await waitFor(() => lab.events.filter(({ kind }) => kind === 'redis_away').length === 3, {
      what: 'the loss',
    });
    await Promise.all(ports.map((port) => port.close()));
    for (const outcome of outcomes) expect(await outcome).toEqual({ kind: 'dropped', reason: 'stopped' });
  });

  it('goes on with a Redis that was silent when the first job was to be sent', async () => {
    await lab.startWorker(redis.url);
    const port = await lab.startPort(redis.url);
    await waitFor(() => port.stats().capacity.workers === 1, { what: 'the worker' });
    redis.freeze();
    const outcome = createFrameSender(port).send();
    await waitFor(() => lab.events.some(({ kind }) => kind === 'redis_away'), { what: 'the fault' });
    redis.thaw();
    expect(await outcome).toMatchObject({ kind: 'detected' });
    expect(port.stats()).toMatchObject({ inFlight: 0, jobs: 0 });
  });

  it.each([
    ['is full', async (client: RedisClient) => client.config('SET', 'maxmemory', '1')],
    [
      'has another key in the way',
      async (client: RedisClient) =>
        client.multi().del('sightline:workers').set('sightline:workers', 'x').exec(),
    ],
  ] as const)('says so when Redis answers but refuses: it %s', async (_what, refuse) => {
    const client = createRedis({ url: redis.url, role: 'consumer', purpose: 'test' });
    const worker = await lab.startWorker(redis.url);
    const port = await lab.startPort(redis.url);
    await waitFor(() => port.stats().capacity.workers === 1, { what: 'the worker' });
    await refuse(client);
    await waitFor(() => lab.events.some(({ kind }) => kind === 'redis_away'), { what: 'the notice' });
    await waitFor(() => worker.stderr().includes('trying again until it answers'), {
      what: "the worker's notice",
    });
    await client.config('SET', 'maxmemory', '0');
    await client.del('sightline:workers');
    await waitFor(() => lab.events.some(({ kind }) => kind === 'redis_back'), { what: 'the end' });
    expect(await createFrameSender(port).send()).toMatchObject({ kind: 'detected' });
    client.disconnect();
  });
});
