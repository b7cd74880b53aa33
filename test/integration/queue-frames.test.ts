import { closeSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { toDetectorInfo, loadManifest } from '../../models/efficientvit/manifest';
import { cameraId } from '../../models/domain/frame';
import { createKeys } from '../../models/domain/keys';
import { createRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { scratchFolders } from '../../models/support/scratch';
import { slotStrideBytes } from '../../workers/frames/ring-layout';
import { createProcessId } from '../../workers/wire/process-id';
import { encodeReply } from '../../workers/wire/reply';
import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { createQueueLab } from '../support/queue-lab';
import { createFrameSender } from '../support/sent-frames';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';
import { copyModel, scratchOf } from '../workers/support/pool-fixture';

const keys = createKeys('sightline');

describe('a queue of frames', () => {
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

  const keysLike = (pattern: string) => client.keys(pattern);

  it('sends a frame again whose pixels were not there when the job was, as when a job overtakes its frame', async () => {
    const worker = await lab.startWorker(redis.url);
    const port = await lab.startPort(redis.url, { store: 'redis' });
    const camera = createFrameSender(port);
    expect(await camera.send()).toMatchObject({ kind: 'detected' });
    process.kill(worker.pid, 'SIGSTOP');
    const outcome = camera.send();
    const [key] = await waitFor(async () => nonEmpty(await keysLike('sightline:frame:*')), {
      what: 'the pixels',
    });
    await client.unlink(key!);
    process.kill(worker.pid, 'SIGCONT');
    expect(await outcome).toMatchObject({ kind: 'detected', detections: expect.arrayContaining([]) });
    expect(port.stats()).toMatchObject({ retries: 1, redisFrames: 3 });
    expect(await keysLike('sightline:frame:*')).toEqual([]);
  });

  it.each([
    ['recorded', { kind: 'detected' }],
    ['live', { kind: 'dropped', reason: 'overwritten' }],
  ] as const)(
    'notices that a slot of the ring was written again under a %s frame',
    async (mode, expected) => {
      const worker = await lab.startWorker(redis.url);
      const port = await lab.startPort(redis.url);
      const camera = createFrameSender(port, { mode, maxLatencyMs: 20_000 });
      expect(await camera.send()).toMatchObject({ kind: 'detected' });
      process.kill(worker.pid, 'SIGSTOP');
      const outcome = camera.send();
      await waitFor(() => port.stats().shmFrames === 2, { what: 'the pixels' });
      overwriteRings(port.detector.input);
      process.kill(worker.pid, 'SIGCONT');
      expect(await outcome).toMatchObject(expected);
    },
  );

  it('takes the second answer when the first was lost after the frame was looked at', async () => {
    await lab.startWorker(redis.url);
    const port = await lab.startPort(redis.url, { resubmitMs: 1000 });
    const camera = createFrameSender(port);
    expect(await camera.send()).toMatchObject({ kind: 'detected' });
    const [replies] = await keysLike('sightline:replies:*');
    // A key of another type: the worker's answers are refused, those to the first attempt for good.
    await client.multi().del(replies!).set(replies!, 'in the way').exec();
    const outcome = camera.send();
    await waitFor(() => port.stats().retries >= 1, { what: 'the second attempt' });
    await client.del(replies!);
    expect(await outcome).toMatchObject({ kind: 'detected' });
    expect(camera.outcomes).toHaveLength(2);
    expect(port.stats()).toMatchObject({ inFlight: 0, jobs: 0 });
  });

  it('waits for a slow detector that is at work, however long silences may last', async () => {
    const manifest = copyModel(folder, { kind: 'delay', afterFrames: 0, delayMs: 1000 });
    await lab.startWorker(redis.url, ['--model', manifest, '--batch', '1']);
    const detector = toDetectorInfo(await loadManifest(manifest));
    const port = await lab.startPort(redis.url, { detector, resubmitMs: 200 });
    const camera = createFrameSender(port);
    for (const outcome of await Promise.all(Array.from({ length: 5 }, () => camera.send()))) {
      expect(outcome).toMatchObject({ kind: 'detected' });
    }
    expect(port.stats()).toMatchObject({ retries: 0, lateReplies: 0, poisonFrames: 0 });
  });

  it('finds the one frame that crashes the detector among seven innocent ones of four cameras, which are looked at', async () => {
    const POISON = 255;
    const manifest = copyModel(folder, { kind: 'crash', afterFrames: 0, firstByte: POISON });
    const worker = await lab.startWorker(redis.url, ['--model', manifest, '--batch', '8']);
    const port = await lab.startPort(redis.url, { detector: toDetectorInfo(await loadManifest(manifest)) });
    const cameras = ['a', 'b', 'c', 'd'].map((camera) => createFrameSender(port, { camera }));
    const [first, ...others] = cameras;
    const poison = first!.send(POISON);
    const innocents = [first!.send(), ...others.flatMap((camera) => [camera.send(), camera.send()])];
    for (const outcome of await Promise.all(innocents)) expect(outcome).toMatchObject({ kind: 'detected' });
    expect(await poison).toEqual({ kind: 'failed', code: 'poison' });
    expect(port.stats()).toMatchObject({ poisonFrames: 1, inFlight: 0 });
    const [entry] = await waitFor(async () => nonEmpty(await client.xrange(keys.deadFrames, '-', '+')), {
      what: 'the dead frame',
    });
    const { camera, seq, losses } = Object.fromEntries(pairs(entry![1]));
    expect({ camera, seq, losses }).toEqual({ camera: 'a', seq: '0', losses: '2' });
    expect(entry![1]).not.toContain('pixels');
    expect(await first!.send()).toMatchObject({ kind: 'detected' });
    expect(worker.child.exitCode).toBeNull();
  });

  it('keeps the picture of such a frame when it is asked to', async () => {
    const manifest = copyModel(folder, { kind: 'crash', afterFrames: 0, firstByte: 254 });
    await lab.startWorker(redis.url, ['--model', manifest]);
    const detector = toDetectorInfo(await loadManifest(manifest));
    const port = await lab.startPort(redis.url, { detector, keepsDeadPixels: true });
    await client.del(keys.deadFrames);
    expect(await createFrameSender(port).send(254)).toEqual({ kind: 'failed', code: 'poison' });
    const [entry] = await waitFor(
      async () => nonEmpty(await client.xrangeBuffer(keys.deadFrames, '-', '+')),
      { what: 'the dead frame' },
    );
    const pixels = entry![1][entry![1].findIndex((field) => field.toString() === 'pixels') + 1]!;
    expect([pixels.length, pixels[0]]).toEqual([(416 * 256 * 3) / 2, 254]);
  });

  it('keeps deadlines between hosts whose clocks are ten seconds apart', async () => {
    for (const skewMs of [10_000, -10_000]) {
      const skew = join(__dirname, '../support/skewed-clock.cjs');
      const env = { NODE_OPTIONS: `--require ${skew}`, SKEW_MS: String(skewMs) };
      const worker = await lab.startWorker(redis.url, [], { env });
      const port = await lab.startPort(redis.url);
      await waitFor(() => port.stats().capacity.workers === 1, { what: 'the worker' });
      const camera = createFrameSender(port, { mode: 'live', camera: skewMs > 0 ? 'ahead' : 'behind' });
      for (let frame = 0; frame < 5; frame++) await camera.send();
      expect(camera.outcomes.filter(({ kind }) => kind === 'detected').length).toBeGreaterThanOrEqual(4);
      process.kill(worker.pid, 'SIGSTOP');
      const late = camera.send();
      expect(await late).toEqual({ kind: 'expired' });
      await lab.clear();
    }
  });

  it('goes through Redis when a worker cannot open the ring', async () => {
    const first = await lab.startWorker(redis.url);
    const port = await lab.startPort(redis.url);
    const camera = createFrameSender(port);
    expect(await camera.send()).toMatchObject({ kind: 'detected' });
    for (const { path } of ringsOf()) rmSync(path);
    await lab.startWorker(redis.url);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    expect(await camera.send()).toMatchObject({ kind: 'detected' });
    expect(await camera.send()).toMatchObject({ kind: 'detected' });
    expect(port.stats()).toMatchObject({ retries: 1, shmFrames: 2, redisFrames: 2 });
    expect(lab.events.filter(({ kind }) => kind === 'ring_unreachable')).toHaveLength(1);
  });

  it('does not turn from the ring for a word about a frame that nobody waits for', async () => {
    await lab.startWorker(redis.url);
    const port = await lab.startPort(redis.url);
    const camera = createFrameSender(port);
    expect(await camera.send()).toMatchObject({ kind: 'detected' });
    const forged = { epoch: 0, seq: 0, attempt: 1, kind: 'unreachable', detections: [] } as const;
    const reply = { worker: createProcessId('worker'), frames: [{ ...forged, camera: cameraId('a') }] };
    const [replies] = await keysLike('sightline:replies:*');
    await client.xadd(replies!, '*', ...encodeReply(reply, new Map()));
    await waitFor(() => port.stats().lateReplies === 1, { what: 'the word' });
    expect(await camera.send()).toMatchObject({ kind: 'detected' });
    expect(port.stats()).toMatchObject({ shmFrames: 2, redisFrames: 0 });
  });

  function ringsOf(): readonly { readonly path: string }[] {
    return scratchFolders().flatMap((place) =>
      readdirSync(place)
        .filter((name) => name.startsWith('sightline-') && scratchOf().includes(name))
        .map((name) => ({ path: join(place, name) })),
    );
  }

  /** Gives every slot of this process' rings another generation, as a writer does that needs the slot. */
  function overwriteRings({ width, height }: { readonly width: number; readonly height: number }): void {
    const stride = slotStrideBytes((width * height * 3) / 2);
    for (const { path } of ringsOf()) {
      const fd = openSync(path, 'r+');
      for (let slot = 0; slot < 128; slot++)
        writeSync(fd, Uint32Array.of(0x7fff_ffff), 0, 4, slot * stride + 4);
      closeSync(fd);
    }
  }
});

const nonEmpty = <T>(list: readonly T[]) => (list.length > 0 ? list : undefined);

function pairs(fields: readonly string[]): [string, string][] {
  return fields.flatMap((field, index) => (index % 2 === 0 ? [[field, fields[index + 1]!]] : []));
}
