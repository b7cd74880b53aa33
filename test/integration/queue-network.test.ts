import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { CLIP, CLIP_FRAMES, LIVE_CLIP, createQueueLab } from '../support/queue-lab';
import { startTcpProxy } from '../support/tcp-proxy';
import type { TcpProxy } from '../support/tcp-proxy';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

/** A connection made while the way was lost is given up after eight seconds, and the next one finds it. */
const REPLY_TIMEOUT_MS = 8000;
const RECOVERY_MS = REPLY_TIMEOUT_MS + 2000;

describe('a queue on the other side of a network', () => {
  const lab = createQueueLab(tempFolder());
  let redis: RedisServer;
  let proxy: TcpProxy;

  beforeAll(async () => {
    redis = await startRedisServer();
  });

  beforeEach(async () => {
    proxy = await startTcpProxy(redis.port);
  });

  afterEach(async () => {
    await lab.clear();
    await proxy.close();
  });

  afterAll(() => redis.close());

  const through = () => `redis://127.0.0.1:${proxy.port}`;
  const isTold = (kind: string) => lab.events.some((event) => event.kind === kind);

  it('looks at live frames again when a way was lost without anybody being told, from the side that sends them', async () => {
    await lab.startWorker(redis.url);
    const port = await lab.startPort(through());
    const analysis = await lab.analyse(port, { live: LIVE_CLIP });
    const [run] = analysis.runs;
    await waitFor(() => run!.progress().frames.detected >= 5, { what: 'frames' });
    proxy.lose();
    await waitFor(() => isTold('redis_away'), { what: 'the loss', timeoutMs: 15_000 });
    const { detected } = run!.progress().frames;
    proxy.restore();
    await waitFor(() => run!.progress().frames.detected >= detected + 5, {
      what: 'new frames',
      timeoutMs: RECOVERY_MS,
    });
    await analysis.close();
    const { frames } = await run!.done;
    expect(frames).toMatchObject({ inFlight: 0, failed: {} });
  });

  it('loses and repeats no frame of a file when the way is lost on the side of the workers', async () => {
    const local = await lab.localLines({ plaza: CLIP });
    const worker = await lab.startWorker(through(), ['--batch', '2']);
    const port = await lab.startPort(redis.url, { store: 'redis', resubmitMs: 1500 });
    const analysis = await lab.analyse(port, { plaza: CLIP });
    const [run] = analysis.runs;
    await waitFor(() => run!.progress().frames.detected >= 10, { what: 'frames' });
    proxy.lose();
    await waitFor(() => worker.stderr().includes('trying again until it answers'), {
      what: 'the loss',
      timeoutMs: 15_000,
    });
    proxy.restore();
    expect((await run!.done).frames).toMatchObject({ received: CLIP_FRAMES, detected: CLIP_FRAMES });
    await analysis.close();
    expect(analysis.lines()).toEqual(local);
  });
});
