import { fingerprintOf } from '../../models/efficientvit/fingerprint';
import { loadManifest } from '../../models/efficientvit/manifest';
import type { Manifest } from '../../models/efficientvit/manifest';
import type { Outcome } from '../../models/domain/observation';
import { createLocalDetectPort } from '../../workers/local/local-detect-port';
import { PROTOCOL } from '../../workers/wire/job';
import { hostToken } from '../../workers/frames/host-token';
import { createShmRing } from '../../workers/frames/shm-ring';
import type { QueueWorker, WorkerEvent } from '../../workers/serve/serve-types';
import { parseWorkerHeartbeat } from '../../workers/wire/heartbeat';
import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { waitFor } from '../support/wait-for';
import {
  expectSame,
  jobFrame,
  keys,
  send,
  startProducer,
  startWorker,
} from '../workers/serve/worker-fixture';
import type { TestProducer } from '../workers/serve/worker-fixture';
import { MODEL, detectAll, goldenFrames, poolOptions, recorded } from '../workers/support/pool-fixture';

describe('createQueueWorker', () => {
  let redis: RedisServer;
  let manifest: Manifest;
  let reference: readonly Outcome[];
  let worker: QueueWorker;
  let events: WorkerEvent[];
  let producer: TestProducer;

  beforeAll(async () => {
    manifest = await loadManifest(MODEL);
    const port = await createLocalDetectPort(poolOptions({ manifest }).options);
    reference = await detectAll(port.open(recorded), 3);
    await port.close();
    redis = await startRedisServer();
    ({ worker, events } = await startWorker({ url: redis.url, manifest }));
  });

  beforeEach(() => {
    producer = startProducer(redis.url, manifest);
    events.length = 0;
  });

  afterEach(() => producer.close());

  afterAll(async () => {
    await worker.close();
    await redis.close();
  });

  /** Kinds of all answers so far, one a frame. */
  const kinds = async (count: number) => (await producer.answers(count)).map(({ kind }) => kind);

  it('finds in frames from Redis what a local port finds, bit by bit, and leaves neither pixels nor job', async () => {
    await send(producer, [0, 1, 2]);
    const answers = await producer.answers(3);
    for (const [seq, answer] of answers.entries()) {
      expect(answer).toMatchObject({ camera: 'plaza', epoch: 0, seq, attempt: 1 });
      expectSame(answer, reference[seq]);
    }
    expect(await producer.replies()).toMatchObject([{ worker: worker.id }]);
    expect(await producer.client.pttl(keys.replies(producer.id))).toBeGreaterThan(0);
    expect(await producer.client.keys(`${keys.frame(producer.id, 0).slice(0, -1)}*`)).toEqual([]);
    await waitFor(
      async () => Object.values(await producer.queues.recorded.getJobCounts()).every((count) => count === 0),
      {
        what: 'an empty queue',
      },
    );
  });

  it('finds the same in frames of a ring of this host', async () => {
    const ring = createShmRing({ slots: 3, frameBytes: goldenFrames[0]!.length });
    const frames = [0, 1, 2].map((seq) => {
      const { slot, generation } = ring.write(seq, goldenFrames[seq]!);
      return jobFrame(seq, { store: 'shm', ring: ring.id, slot, generation });
    });
    await producer.add(frames, 'live');
    for (const [seq, answer] of (await producer.answers(3)).entries()) expectSame(answer, reference[seq]);
    ring.close();
  });

  it('answers `missing` for a job that overtook its pixels, and for pixels of another size', async () => {
    await producer.client.set(keys.frame(producer.id, 8), 'short', 'PX', 60_000);
    await producer.client.set(keys.frame(producer.id, 9), Buffer.alloc(5_000_000), 'PX', 60_000);
    await producer.add([
      jobFrame(0, { store: 'redis', number: 7 }),
      jobFrame(1, { store: 'redis', number: 8 }),
      jobFrame(2, await producer.store(2)),
      jobFrame(3, { store: 'redis', number: 9 }),
    ]);
    const answers = await producer.answers(4);
    expect(answers.map(({ kind }) => kind)).toEqual(['missing', 'missing', 'detected', 'missing']);
    expectSame(answers[2]!, reference[2]);
    expect(await producer.client.exists(keys.frame(producer.id, 9))).toBe(0);
  });

  it("answers `expired` for a deadline that has passed by Redis' clock, and leaves the pixels", async () => {
    const [seconds] = await producer.client.time();
    const nowMs = Number(seconds) * 1000;
    const late = await producer.store(0);
    await producer.add([
      jobFrame(0, late, { deadlineMs: nowMs - 1000 }),
      jobFrame(1, await producer.store(1), { deadlineMs: nowMs + 60_000 }),
    ]);
    expect(await kinds(2)).toEqual(['expired', 'detected']);
    expect(await producer.client.exists(keys.frame(producer.id, 0))).toBe(1);
  });

  it('answers `overwritten` for a slot that was written again, `unreachable` for a ring or slot that is not there', async () => {
    const ring = createShmRing({ slots: 1, frameBytes: goldenFrames[0]!.length });
    const { generation } = ring.write(0, goldenFrames[0]!);
    ring.write(0, goldenFrames[1]!);
    await producer.add([
      jobFrame(0, { store: 'shm', ring: ring.id, slot: 0, generation }),
      jobFrame(1, { store: 'shm', ring: ring.id, slot: 0, generation: generation + 1 }),
      jobFrame(2, { store: 'shm', ring: ring.id, slot: 9, generation }),
      jobFrame(3, { store: 'shm', ring: 'sightline-0-0-none', slot: 0, generation }),
    ]);
    expect(await kinds(4)).toEqual(['overwritten', 'detected', 'unreachable', 'unreachable']);
    ring.close();
  });

  it('leaves out detections below the least score of a frame', async () => {
    await send(producer, [0], { minScore: 0.9 });
    const [answer] = await producer.answers(1);
    const [all] = reference;
    if (all?.kind !== 'detected') throw new Error('expected the reference to be detected');
    expect(answer!.detections).toEqual(all.detections.filter(({ score }) => score >= 0.9));
    expect(answer!.detections.length).toBeLessThan(all.detections.length);
  });

  it('refuses malformed, oversized and foreign jobs for what they are, and goes on', async () => {
    const { refusedJobs } = worker.stats();
    const good = { v: PROTOCOL, producer: producer.id, frames: [jobFrame(0, await producer.store(0))] };
    const bad: unknown[] = [
      null,
      'frame',
      { ...good, v: PROTOCOL + 1 },
      { ...good, producer: '../../etc' },
      { ...good, frames: [] },
      { ...good, frames: [{ ...good.frames[0], width: 1e9 }] },
      { ...good, ['x'.repeat(20_000)]: 1 },
      { ...good, more: 'x'.repeat(100_000) },
    ];
    for (const data of bad) await producer.queues.recorded.add('detect', data, { attempts: 5 });
    await producer.queues.live.add('other', good);
    await waitFor(() => worker.stats().refusedJobs === refusedJobs + bad.length + 1, { what: 'refusals' });
    await producer.add(good.frames);
    expect(await kinds(1)).toEqual(['detected']);
    expect(events.map(({ kind }) => kind)).toEqual(new Array(bad.length + 1).fill('job_refused'));
    const failed = await waitFor(
      async () => {
        const jobs = await producer.queues.recorded.getFailed();
        return jobs.length === bad.length && jobs;
      },
      { what: 'failed jobs' },
    );
    expect(failed.map(({ failedReason }) => failedReason)).toContain(
      `inference: job: expected the data of protocol ${PROTOCOL}, got a fault at v: Invalid input: expected ${PROTOCOL}`,
    );
    for (const { failedReason, data } of failed) {
      expect(failedReason).toMatch(/^inference: job: expected /);
      expect(failedReason.length).toBeLessThan(400);
      expect(JSON.stringify(data).length).toBeLessThan(5000);
    }
  });

  it('refuses for good a job that nests too deeply to be written out, whatever attempts it asks for', async () => {
    const { refusedJobs } = worker.stats();
    const prefix = `${keys.queuePrefix}:${producer.queues.live.name}`;
    const data = '['.repeat(200_000) + ']'.repeat(200_000);
    const opts = JSON.stringify({ attempts: 1000 });
    await producer.client.hset(`${prefix}:deep`, { name: 'detect', data, opts, timestamp: 1 });
    await producer.client.lpush(`${prefix}:wait`, 'deep');
    await waitFor(() => worker.stats().refusedJobs > refusedJobs, { what: 'the refusal' });
    await send(producer, [0]);
    expect(await kinds(1)).toEqual(['detected']);
    expect(worker.stats().refusedJobs).toBe(refusedJobs + 1);
  });

  it('refuses a job that is not even JSON', async () => {
    const prefix = `${keys.queuePrefix}:${producer.queues.live.name}`;
    await producer.client.hset(`${prefix}:broken`, {
      name: 'detect',
      data: '{"v":',
      opts: '{}',
      timestamp: 1,
    });
    await producer.client.lpush(`${prefix}:wait`, 'broken');
    await send(producer, [0, 1]);
    expect(await kinds(2)).toEqual(['detected', 'detected']);
    await waitFor(() => events.length > 0, { what: 'a refusal' });
    expect(events).toMatchObject([{ kind: 'job_refused', mode: 'live', jobId: 'broken' }]);
  });

  it('says that it lives, for whom and how busy it is, and publishes its model without paths', async () => {
    await send(producer, [0, 1, 2]);
    await producer.answers(3);
    const text = await producer.client.hget(keys.workers, worker.id);
    const [seconds] = await producer.client.time();
    const heartbeat = parseWorkerHeartbeat(text!)!;
    expect(heartbeat).toMatchObject({
      model: MODEL,
      fingerprint: fingerprintOf(manifest),
      provider: 'cpu',
      processes: 1,
      maxBatch: 4,
      hostToken: hostToken(),
      isLeaving: false,
    });
    expect(Math.abs(heartbeat.atMs - Number(seconds) * 1000)).toBeLessThan(3000);
    await waitFor(
      async () => {
        const later = parseWorkerHeartbeat((await producer.client.hget(keys.workers, worker.id))!)!;
        return later.atMs > heartbeat.atMs && later.busyRatio < 1;
      },
      { what: 'another heartbeat' },
    );
    expect(await producer.client.pttl(keys.workers)).toBeGreaterThan(50_000);
    const published = JSON.parse((await producer.client.hget(keys.models, MODEL))!) as Manifest;
    expect(published).toEqual({ ...manifest, file: `${MODEL}.onnx` });
  });
});
