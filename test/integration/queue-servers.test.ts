import { startRedisCluster } from '../support/redis-cluster';
import { startSentinelGroup } from '../support/redis-sentinel';
import { startTlsRedis } from '../support/redis-tls';
import { CLIP, CLIP_FRAMES, createQueueLab } from '../support/queue-lab';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

describe('a file through the queue of', () => {
  const lab = createQueueLab(tempFolder());
  const closing: (() => Promise<void>)[] = [];
  let local: readonly string[];

  beforeAll(async () => {
    local = await lab.localLines({ plaza: CLIP });
  });

  afterEach(async () => {
    await lab.clear();
    for (const close of closing.splice(0)) await close();
  });

  /** Analyses the clip, does something in the middle, and expects what an analysis without a queue gives. */
  async function expectSameness(url: string, inTheMiddle: () => Promise<void> = () => Promise.resolve()) {
    await lab.startWorker(url, ['--batch', '2']);
    const port = await lab.startPort(url, { store: 'redis', resubmitMs: 1500 });
    const analysis = await lab.analyse(port, { plaza: CLIP });
    const [run] = analysis.runs;
    await waitFor(() => run!.progress().frames.detected >= 10, { what: 'frames' });
    await inTheMiddle();
    expect((await run!.done).frames).toMatchObject({
      received: CLIP_FRAMES,
      detected: CLIP_FRAMES,
      inFlight: 0,
    });
    await analysis.close();
    expect(analysis.lines()).toEqual(local);
  }

  it('a cluster of three masters gives byte-identical events, also when a master is restarted', async () => {
    const cluster = await startRedisCluster();
    closing.push(() => cluster.close());
    await expectSameness(cluster.url, async () => {
      const node = await cluster.nodeOf('{sightline}');
      await node.kill();
      await node.start();
    });
  });

  it('a Sentinel group gives byte-identical events through a failover', async () => {
    const group = await startSentinelGroup();
    closing.push(() => group.close());
    await expectSameness(group.url, () => group.killMaster());
  });

  it('a server with TLS and an ACL user gives byte-identical events', async () => {
    const server = await startTlsRedis();
    closing.push(() => server.close());
    await expectSameness(server.url);
  });
});
