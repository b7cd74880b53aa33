import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from '../../models/domain/observation';
import { boxIou } from '../../models/domain/geometry';
import { loadManifest } from '../../models/efficientvit/manifest';
import type { LocalDetectPort } from '../../workers/local/pool-types';
import { createLocalDetectPort } from '../../workers/local/local-detect-port';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';
import {
  MODEL,
  copyModel,
  detectAll,
  goldenDetections,
  goldenFrame,
  inferencePids,
  poolOptions,
  recorded,
  scratchOf,
} from '../workers/support/pool-fixture';
import type { Fault } from '../workers/support/pool-fixture';

const LOST: Outcome = { kind: 'failed', code: 'worker_lost' };
const STOPPED: Outcome = { kind: 'dropped', reason: 'stopped' };

describe('createLocalDetectPort', () => {
  const folder = tempFolder();
  const ports: LocalDetectPort[] = [];
  let reference: readonly Outcome[];

  async function start(options: Omit<Parameters<typeof poolOptions>[0], 'manifest'> = {}, fault?: Fault) {
    const manifest = await loadManifest(fault ? copyModel(folder, fault) : MODEL);
    const { options: all, events } = poolOptions({ manifest, ...options });
    const port = await createLocalDetectPort(all);
    ports.push(port);
    const lostFrames = () =>
      events.reduce((sum, event) => sum + (event.kind === 'process_lost' ? event.lostFrames : 0), 0);
    return { port, events, lostFrames, channel: port.open(recorded) };
  }

  /** Every frame was seen as ever, or is one of those that went down with a process. */
  function expectOnlyLost(outcomes: readonly Outcome[], lost: number): void {
    expect(outcomes.filter((outcome) => outcome.kind !== 'detected')).toEqual(new Array(lost).fill(LOST));
    for (const [seq, outcome] of outcomes.entries()) {
      if (outcome.kind === 'detected') expect(outcome).toEqual(reference[seq % 3]);
    }
  }

  beforeAll(async () => {
    const { port, channel } = await start();
    reference = await detectAll(channel, 3);
    await port.close();
  });

  afterEach(async () => {
    await Promise.all(ports.splice(0).map((port) => port.close()));
    expect(inferencePids()).toEqual([]);
    expect(scratchOf()).toEqual([]);
  });

  it('finds what Python found', () => {
    for (const [index, outcome] of reference.entries()) {
      if (outcome.kind !== 'detected') throw new Error(`expected detected, got ${outcome.kind}`);
      const found = outcome.detections.filter(({ score }) => score >= 0.35);
      const expected = goldenDetections(index);
      expect(found).toHaveLength(expected.length);
      for (const [rank, { label, score, box }] of expected.entries()) {
        expect(found[rank]).toMatchObject({ label });
        expect(found[rank]!.score).toBeCloseTo(score, 3);
        expect(boxIou(found[rank]!.box, box as unknown as (typeof found)[number]['box'])).toBeGreaterThan(
          0.98,
        );
      }
    }
  });

  it.each([
    [1, 2],
    [1, 3],
    [3, 1],
    [3, 3],
    [8, 1],
    [8, 2],
  ])(
    'gives the same detections, bit by bit, in batches of %i with %i processes',
    async (maxBatch, processes) => {
      const { port, channel, events } = await start({ maxBatch, processes });
      const frames = Array.from({ length: 24 }, (_, seq) => goldenFrame(seq));
      const outcomes = await Promise.all(frames.map((frame) => channel.detect(frame)));
      expectOnlyLost(outcomes, 0);
      expect(frames.map(({ releases }) => releases)).toEqual(frames.map(() => 1));
      expect(events.filter(({ kind }) => kind === 'process_ready')).toHaveLength(processes);
      const { processes: stats, inFlight } = port.stats();
      expect(inFlight).toBe(0);
      expect(stats.reduce((sum, { frames: count }) => sum + count, 0)).toBe(24);
      for (const each of stats) {
        expect(each).toMatchObject({ isReady: true, provider: 'cpu', restarts: 0 });
        expect(each.frames).toBeGreaterThan(0);
        expect(each.cpuMs).toBeGreaterThanOrEqual(each.detectorCpuMs);
      }
      if (maxBatch > 1) expect(stats.reduce((sum, { batches }) => sum + batches, 0)).toBeLessThan(24);
    },
  );

  it('loses only the batches of a process that crashes', async () => {
    const { channel, lostFrames } = await start(
      { processes: 2, maxBatch: 2 },
      { kind: 'crash', afterFrames: 6 },
    );
    const outcomes = await detectAll(channel, 24);
    expect(lostFrames()).toBeGreaterThan(0);
    expect(lostFrames()).toBeLessThanOrEqual(8);
    expectOnlyLost(outcomes, lostFrames());
  });

  it('loses only the batches of a process that hangs', async () => {
    const fault: Fault = { kind: 'hang', afterFrames: 8 };
    const { channel, lostFrames, events } = await start(
      { processes: 1, maxBatch: 2, inferenceTimeoutMs: 2000 },
      fault,
    );
    const outcomes = await detectAll(channel, 12);
    expect(lostFrames()).toBeGreaterThan(0);
    expect(lostFrames()).toBeLessThanOrEqual(2);
    expectOnlyLost(outcomes, lostFrames());
    const lost = events.find(({ kind }) => kind === 'process_lost');
    expect(lost).toMatchObject({
      error: { message: 'worker_lost: inference result: expected within 2000 ms, got nothing' },
    });
  });

  it.each([
    ['killed', 'SIGKILL'],
    ['stopped', 'SIGSTOP'],
  ] as const)(
    'loses the frame in work when a process is %s, and moves the one that waits',
    async (_what, signal) => {
      const { port, channel, events } = await start(
        { inferenceTimeoutMs: signal === 'SIGSTOP' ? 2000 : 20_000 },
        { kind: 'delay', afterFrames: 0, delayMs: 300 },
      );
      const outcomes = detectAll(channel, 4);
      await waitFor(() => port.stats().inFlight === 2, { what: 'two frames in the process' });
      process.kill(port.stats().processes[0]!.pid!, signal);
      expectOnlyLost(await outcomes, 1);
      expect(await outcomes).toMatchObject([
        LOST,
        { kind: 'detected' },
        { kind: 'detected' },
        { kind: 'detected' },
      ]);
      expect(events.find(({ kind }) => kind === 'process_lost')).toMatchObject({
        lostFrames: 1,
        movedFrames: 1,
      });
      expect(port.stats().processes[0]).toMatchObject({ restarts: 1, isReady: true });
    },
  );

  it('works on through the signals that reach all processes, since only the parent knows when all is drained', async () => {
    const { port, channel } = await start({}, { kind: 'delay', afterFrames: 0, delayMs: 300 });
    const outcomes = detectAll(channel, 3);
    await waitFor(() => port.stats().inFlight === 2, { what: 'two frames in the process' });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.kill(port.stats().processes[0]!.pid!, signal);
    expectOnlyLost(await outcomes, 0);
  });

  it('fails frames at once when no process can be kept alive, rather than let them wait', async () => {
    const { channel, events } = await start({ maxBatch: 1 }, { kind: 'crash', afterFrames: 0 });
    expect(await detectAll(channel, 9)).toEqual(new Array(9).fill(LOST));
    expect(events.filter(({ kind }) => kind === 'process_lost')).toHaveLength(5);
    expect(await detectAll(channel, 3)).toEqual(new Array(3).fill(LOST));
  });

  it('settles what is inside as stopped when it is closed, and leaves nothing behind', async () => {
    const { port, channel } = await start(
      { processes: 2 },
      { kind: 'delay', afterFrames: 0, delayMs: 60_000 },
    );
    const frames = Array.from({ length: 8 }, (_, seq) => goldenFrame(seq));
    const outcomes = Promise.all(frames.map((frame) => channel.detect(frame)));
    await waitFor(() => port.stats().inFlight === 4, { what: 'four frames in the processes' });
    await Promise.all([port.close(), port.close()]);
    expect(await outcomes).toEqual(frames.map(() => STOPPED));
    expect(frames.map(({ releases }) => releases)).toEqual(frames.map(() => 1));
    expect(await channel.detect(goldenFrame(0))).toEqual(STOPPED);
    await channel.close();
    expect(inferencePids()).toEqual([]);
    expect(scratchOf()).toEqual([]);
  });

  it('closes a channel when its frames are out of the detector', async () => {
    const { channel } = await start({ maxBatch: 2 });
    const outcomes = detectAll(channel, 6);
    await Promise.resolve();
    await channel.close();
    const kinds = (await outcomes).map((outcome) =>
      outcome.kind === 'dropped' ? outcome.reason : outcome.kind,
    );
    expect(kinds).toContain('detected');
    expect(kinds.slice(4)).toEqual(['stopped', 'stopped']);
  });

  it('refuses a frame of the wrong size and goes on', async () => {
    const { channel, events } = await start();
    const { info, lease } = goldenFrame(0);
    const short = { kind: 'frame', info, lease: { ...lease, pixels: new Uint8Array(7) } } as const;
    expect(await channel.detect(short)).toEqual({ kind: 'failed', code: 'inference' });
    expect(events.at(-1)).toMatchObject({
      kind: 'frames_refused',
      error: { message: 'inference: frame: expected 159744 bytes, got 7' },
    });
    expectOnlyLost(await detectAll(channel, 3), 0);
  });

  it('rejects with the reason when the weights are not those of the manifest', async () => {
    const path = copyModel(folder);
    const weights = join(folder, `${MODEL}.onnx`);
    const whole = readFileSync(weights);
    truncateSync(weights, 1_000_000);
    const load = async () => {
      const { options } = poolOptions({ manifest: await loadManifest(path), processes: 2 });
      return createLocalDetectPort(options);
    };
    await expect(load()).rejects.toMatchObject({ code: 'model', message: expect.stringMatching(/sha256/i) });
    writeFileSync(weights, whole);
  });

  it('rejects with the reason when a process is lost before it is ready', async () => {
    const manifest = await loadManifest(MODEL);
    const { options } = poolOptions({ manifest, startTimeoutMs: 1 });
    await expect(createLocalDetectPort(options)).rejects.toMatchObject({
      code: 'model',
      message: 'model: inference process ready: expected within 1 ms, got nothing',
    });
  });
});
