import { stopWithJob, workerIds } from '../support/held-job';
import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { CLIP, CLIP_FRAMES, LIVE_CLIP, createQueueLab } from '../support/queue-lab';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

/** What the issue allows from the end of a fault to live frames that are looked at again. */
const RECOVERY_MS = 2000;

describe('a queue whose workers fail', () => {
  const lab = createQueueLab(tempFolder());
  let redis: RedisServer;
  let local: readonly string[];

  beforeAll(async () => {
    redis = await startRedisServer();
    local = await lab.localLines({ plaza: CLIP });
  });

  afterEach(() => lab.clear());

  afterAll(() => redis.close());

  const startTwo = () => Promise.all([1, 2].map(() => lab.startWorker(redis.url, ['--batch', '2'])));

  it.each(['SIGKILL', 'SIGSTOP'] as const)(
    'loses and repeats no frame of a file when one of two workers is ended by %s in the middle of a batch',
    async (signal) => {
      const earlier = await workerIds(redis.url);
      const first = await lab.startWorker(redis.url, ['--batch', '2']);
      const [id] = (await workerIds(redis.url)).filter((one) => !earlier.includes(one));
      await lab.startWorker(redis.url, ['--batch', '2']);
      const port = await lab.startPort(redis.url, { resubmitMs: 1500 });
      await waitFor(() => port.stats().capacity.workers === 2, { what: 'both workers' });
      const analysis = await lab.analyse(port, { plaza: CLIP });
      const [run] = analysis.runs;
      await waitFor(() => run!.progress().frames.detected >= 10, { what: 'frames' });
      await stopWithJob(redis.url, id!, first.pid);
      process.kill(first.pid, signal);
      const { state, frames } = await run!.done;
      expect(state).toBe('completed');
      expect(frames).toMatchObject({ received: CLIP_FRAMES, detected: CLIP_FRAMES, inFlight: 0 });
      expect(port.stats().retries).toBeGreaterThan(0);
      expect(port.stats()).toMatchObject({ poisonFrames: 0, inFlight: 0 });
      await analysis.close();
      expect(analysis.lines()).toEqual(local);
    },
  );

  it('takes back what a killed worker had begun as soon as its heartbeats end, however long silences may last', async () => {
    const earlier = await workerIds(redis.url);
    const first = await lab.startWorker(redis.url, ['--batch', '2']);
    const [id] = (await workerIds(redis.url)).filter((one) => !earlier.includes(one));
    await lab.startWorker(redis.url, ['--batch', '2']);
    const port = await lab.startPort(redis.url, { resubmitMs: 3_600_000 });
    await waitFor(() => port.stats().capacity.workers === 2, { what: 'both workers' });
    const analysis = await lab.analyse(port, { plaza: CLIP });
    const [run] = analysis.runs;
    await waitFor(() => run!.progress().frames.detected >= 10, { what: 'frames' });
    // One that has nothing at that moment would not be missed before the file is over.
    await stopWithJob(redis.url, id!, first.pid);
    process.kill(first.pid, 'SIGKILL');
    const { state, frames } = await run!.done;
    expect(state).toBe('completed');
    expect(frames).toMatchObject({ received: CLIP_FRAMES, detected: CLIP_FRAMES, inFlight: 0 });
    expect(lab.events).toContainEqual(expect.objectContaining({ kind: 'worker_lost' }));
    await analysis.close();
    expect(analysis.lines()).toEqual(local);
  });

  it('waits with a file while all workers are gone, and goes on with the next', async () => {
    const worker = await lab.startWorker(redis.url);
    const port = await lab.startPort(redis.url, { resubmitMs: 1500 });
    const analysis = await lab.analyse(port, { plaza: CLIP });
    const [run] = analysis.runs;
    await waitFor(() => run!.progress().frames.detected >= 10, { what: 'frames' });
    process.kill(worker.pid, 'SIGKILL');
    await waitFor(() => port.stats().capacity.workers === 0, { what: 'the absence' });
    const { detected } = run!.progress().frames;
    expect(detected).toBeLessThan(CLIP_FRAMES);
    await lab.startWorker(redis.url);
    expect((await run!.done).frames).toMatchObject({ received: CLIP_FRAMES, detected: CLIP_FRAMES });
    await analysis.close();
    expect(analysis.lines()).toEqual(local);
  });

  it('gives every live frame its column while all workers are gone, and looks at new ones when one comes', async () => {
    const worker = await lab.startWorker(redis.url);
    const port = await lab.startPort(redis.url);
    const analysis = await lab.analyse(port, { live: LIVE_CLIP });
    const [run] = analysis.runs;
    const ledger = () => run!.progress().frames;
    await waitFor(() => ledger().detected >= 5, { what: 'frames' });
    process.kill(worker.pid, 'SIGKILL');
    await waitFor(() => port.stats().capacity.workers === 0, { what: 'the absence' });
    const before = ledger();
    await waitFor(() => leftOut(ledger()) >= leftOut(before) + 20, { what: 'frames that were left out' });
    expect(ledger().detected).toBe(before.detected);
    expect(port.stats().inFlight).toBe(0);

    const successor = lab.spawnWorker(redis.url);
    await waitFor(() => successor.stderr().includes('looks at frames'), { what: 'a worker' });
    const { detected } = ledger();
    await waitFor(() => ledger().detected >= detected + 5, {
      what: 'new frames',
      timeoutMs: RECOVERY_MS,
    });
    await analysis.close();
    const { frames } = await run!.done;
    expect(frames.inFlight).toBe(0);
    expect(frames.received).toBe(frames.detected + leftOut(frames));
    expect(frames.failed).toEqual({});
  });

  it('gives up live frames that a stopped worker holds, and goes on with the other worker', async () => {
    const [first] = await startTwo();
    const port = await lab.startPort(redis.url);
    await waitFor(() => port.stats().capacity.workers === 2, { what: 'both workers' });
    const analysis = await lab.analyse(port, { live: LIVE_CLIP });
    const [run] = analysis.runs;
    const ledger = () => run!.progress().frames;
    await waitFor(() => ledger().detected >= 5, { what: 'frames' });
    process.kill(first!.pid, 'SIGSTOP');
    await waitFor(() => port.stats().capacity.workers === 1, { what: 'the silence of a worker' });
    const { detected } = ledger();
    await waitFor(() => ledger().detected >= detected + 5, { what: 'new frames', timeoutMs: RECOVERY_MS });
    process.kill(first!.pid, 'SIGCONT');
    await analysis.close();
    const { frames } = await run!.done;
    expect(frames.inFlight).toBe(0);
    expect(frames.received).toBe(frames.detected + leftOut(frames));
  });
});

function leftOut({
  expired,
  dropped,
}: {
  expired: number;
  dropped: Readonly<Record<string, number>>;
}): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, expired);
}
