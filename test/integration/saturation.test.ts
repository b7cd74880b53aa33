import { join } from 'node:path';
import pino from 'pino';
import { defineConfig } from '../../config/define-config';
import type { LedgerEntry } from '../../models/domain/ledger';
import { loadManifest } from '../../models/efficientvit/manifest';
import { createJsonlSink } from '../../operators/sinks/jsonl-events';
import { toCameraSpec } from '../../pipeline/camera-spec';
import { startDetector } from '../../pipeline/detector';
import { createPipeline } from '../../pipeline/pipeline';
import type { Pipeline } from '../../pipeline/pipeline';
import { createTelemetry } from '../../pipeline/telemetry';
import { descendantsOf } from '../support/processes';
import { PLAZA, readEvents } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';
import { copyModel } from '../workers/support/pool-fixture';

/** Frames that the slow detector answers slowly; at 700 ms each, some fifteen seconds. */
const SLOW_FRAMES = 22;

describe('live cameras in front of a detector that is far too slow for a while', () => {
  const folder = tempFolder();
  const eventsPath = join(folder, 'events.jsonl');
  const log: { level: string; msg: string }[] = [];
  let pipeline: Pipeline | undefined;

  afterEach(() => pipeline?.close());

  it('give way in the order of their priority, down to one, and come back when there is time again', async () => {
    const model = copyModel(folder, {
      ...{ kind: 'delay', afterFrames: 0, untilFrames: SLOW_FRAMES, delayMs: 700, runsModel: false },
    });
    const camera = { url: PLAZA, loop: true, maxFps: 4, maxLatencyMs: 5000 };
    const { config } = defineConfig({
      model: { name: model, processes: 1, maxBatch: 1 },
      saturation: { minFps: 2, leftOutPercent: 30 },
      cameras: {
        low: { ...camera, priority: 1 },
        middle: camera,
        high: { ...camera, priority: 9 },
      },
    });
    const stream = { write: (line: string) => void log.push(JSON.parse(line) as (typeof log)[number]) };
    const telemetry = createTelemetry(
      pino({ base: null, formatters: { level: (level) => ({ level }) } }, stream),
    );
    const port = await startDetector(config.model, await loadManifest(config.model.name), telemetry);
    const sinks = [await createJsonlSink({ path: eventsPath })];
    const quick = { windowMs: 1000, checkMs: 50, lowerAfterMs: 600, raiseAfterMs: 500 };
    const running = createPipeline({
      ...{ port, sinks, telemetry },
      saturation: { ...config.saturation, ...quick },
    });
    pipeline = running;
    const metrics = () => telemetry.registry.metrics();
    const runs = Object.entries(config.cameras).map(([name, settings]) =>
      running.start(toCameraSpec(name, settings, port.detector)),
    );

    await waitFor(() => runs.filter((run) => run.progress().isPaused).length === 2, {
      what: 'two of three cameras to be paused',
      timeoutMs: 30_000,
    });
    expect(runs.map((run) => run.progress().isPaused)).toEqual([true, true, false]);
    expect(await metrics()).toMatch(/^sightline_saturation_level 3$/m);
    expect(await metrics()).toMatch(/^sightline_camera_paused\{camera="low"\} 1$/m);
    await waitFor(() => ffmpegs() === 1, { what: 'the decoders of paused cameras to end' });

    await waitFor(async () => /^sightline_saturation_level 0$/m.test(await metrics()), {
      what: 'all to be as configured again',
      timeoutMs: 45_000,
    });
    const before = runs.map((run) => run.progress().frames.detected);
    await waitFor(() => runs.every((run, index) => run.progress().frames.detected > before[index]! + 5), {
      what: 'frames of all',
    });
    await running.close();
    for (const { frames } of await Promise.all(runs.map(({ done }) => done))) {
      expectBalance(frames);
      expect(frames.dropped['thinned']).toBeGreaterThan(0);
    }

    const told = readEvents(eventsPath).flatMap(({ type, subject, time, data }) => {
      if (!type.startsWith('camera.')) return [];
      const { cause, detail } = data as { cause?: string; detail?: string };
      return [{ camera: subject, type, atMs: Date.parse(time), cause, detail }];
    });
    const toldOf = (name: string) =>
      told.flatMap(({ camera, type, cause }) => (camera === name ? [`${type} ${cause ?? ''}`.trim()] : []));
    const first = (name: string, wanted: string) =>
      told.find(({ camera, cause }) => camera === name && cause === wanted);
    // By the time they bear: each camera's events wait for what comes of its own frames.
    const firstMs = (name: string, wanted: string) => first(name, wanted)?.atMs;
    for (const name of ['low', 'middle', 'high']) {
      expect(toldOf(name).slice(0, 2)).toEqual(['camera.online', 'camera.degraded overloaded']);
      expect(toldOf(name).slice(-2)).toEqual(['camera.online', 'camera.offline stopped']);
      expect(first(name, 'overloaded')!.detail).toMatch(/^[\d.]+ → [\d.]+ fps$/);
    }
    expect(firstMs('low', 'overloaded')).toBeLessThan(firstMs('middle', 'overloaded')!);
    expect(firstMs('middle', 'overloaded')).toBeLessThan(firstMs('high', 'overloaded')!);
    expect(firstMs('low', 'paused')).toBeLessThan(firstMs('middle', 'paused')!);
    expect(first('high', 'paused')).toBeUndefined();

    const steps = log.filter(({ msg }) => /^(overloaded, |less to do: )/.test(msg));
    expect(steps[0]).toMatchObject({
      level: 'warn',
      msg: expect.stringMatching(/: low [\d.]+ → [\d.]+ fps$/),
    });
    expect(steps.some(({ msg }) => msg.endsWith(': low paused'))).toBe(true);
    expect(steps.at(-1)).toMatchObject({ level: 'info', msg: expect.stringContaining('less to do') });
    expect(await metrics()).not.toContain('sightline_camera_paused{');
  });
});

const ffmpegs = () => descendantsOf().filter(({ command }) => /\bffmpeg\b/.test(command)).length;

function expectBalance({ received, detected, expired, dropped, failed, inFlight }: LedgerEntry): void {
  const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);
  expect(inFlight).toBe(0);
  expect(detected + expired + sum(dropped) + sum(failed)).toBe(received);
}
