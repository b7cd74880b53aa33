import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { defineConfig } from '../../config/define-config';
import type { ConfigInput } from '../../config/schema';
import { systemClock } from '../../models/domain/clock';
import type { DetectPort } from '../../models/domain/detect-port';
import { loadManifest, toDetectorInfo } from '../../models/efficientvit/manifest';
import { createJsonlSink } from '../../operators/sinks/jsonl-events';
import { toCameraSpec } from '../../pipeline/camera-spec';
import { startDetector } from '../../pipeline/detector';
import { createPipeline } from '../../pipeline/pipeline';
import type { CameraRun, Pipeline } from '../../pipeline/pipeline';
import type { SaturationSettings } from '../../pipeline/saturation/watch-saturation';
import { createTelemetry } from '../../pipeline/telemetry';
import { createQueueDetectPort } from '../../workers/queue/queue-detect-port';
import type { QueueDetectPort, QueueDetectPortOptions, QueueEvent } from '../../workers/queue/queue-types';
import { MODEL } from '../workers/support/pool-fixture';
import { PLAZA, killAll, startSightline } from './sightline';
import type { SightlineRun, StartOptions } from './sightline';
import { waitFor } from './wait-for';

type CameraInput = ConfigInput['cameras'][string];

/** One analysis through a port, in the process of the test. */
export interface Analysis {
  readonly pipeline: Pipeline;
  readonly runs: readonly CameraRun[];
  /** The events so far, as written. */
  readonly lines: () => readonly string[];
  /** As Prometheus sees them. */
  readonly metrics: () => Promise<string>;
  /** Ends it in good order. */
  readonly close: () => Promise<void>;
}

/** Queue, workers and analyses of one test file. */
export interface QueueLab {
  /** Starts `sightline worker` and resolves when it takes jobs. */
  startWorker(url: string, args?: readonly string[], options?: StartOptions): Promise<SightlineRun>;
  /** A worker that may not come up yet. */
  spawnWorker(url: string, args?: readonly string[], options?: StartOptions): SightlineRun;
  startPort(url: string, options?: Partial<QueueDetectPortOptions>): Promise<QueueDetectPort>;
  /** What the ports have told. */
  readonly events: QueueEvent[];
  /** Runs cameras through a port until they end or are closed. */
  analyse(
    port: DetectPort,
    cameras: Readonly<Record<string, CameraInput>>,
    saturation?: Partial<SaturationSettings>,
  ): Promise<Analysis>;
  /** The bytes that an analysis in one process writes. */
  localLines(cameras: Readonly<Record<string, CameraInput>>): Promise<readonly string[]>;
  /** Ends everything this lab started. */
  clear(): Promise<void>;
}

/** The bundled clip at a third of its rate. */
export const CLIP: CameraInput = { url: PLAZA, maxFps: 3 };
export const CLIP_FRAMES = 73;

/** A lab whose files are in the given folder. */
export function createQueueLab(folder: string): QueueLab {
  const workers: SightlineRun[] = [];
  const ports: DetectPort[] = [];
  const pipelines: Pipeline[] = [];
  const events: QueueEvent[] = [];
  let count = 0;

  function spawnWorker(url: string, args: readonly string[] = [], options: StartOptions = {}): SightlineRun {
    const worker = startSightline(folder, ['worker', '--queue', url, '--processes', '1', ...args], options);
    workers.push(worker);
    return worker;
  }

  async function analyse(
    port: DetectPort,
    cameras: Readonly<Record<string, CameraInput>>,
    saturation: Partial<SaturationSettings> = {},
  ): Promise<Analysis> {
    const path = join(folder, `events-${count++}.jsonl`);
    const { config } = defineConfig({ cameras });
    const sink = await createJsonlSink({ path });
    const telemetry = createTelemetry(pino({ level: 'silent' }));
    const pipeline = createPipeline({
      ...{ port, sinks: [sink], telemetry },
      saturation: { ...config.saturation, ...saturation },
    });
    pipelines.push(pipeline);
    const runs = Object.entries(config.cameras).map(([name, camera]) =>
      pipeline.start(toCameraSpec(name, camera, port.detector)),
    );
    return {
      pipeline,
      runs,
      lines: () => readFileSync(path, 'utf8').split('\n').slice(0, -1),
      metrics: () => telemetry.registry.metrics(),
      close: () => pipeline.close(),
    };
  }

  return {
    events,
    spawnWorker,
    analyse,
    async startWorker(url, args, options) {
      const worker = spawnWorker(url, args, options);
      await waitFor(() => worker.stderr().includes('looks at frames'), {
        what: 'a worker',
        timeoutMs: 30_000,
      });
      return worker;
    },
    async startPort(url, options = {}) {
      const port = await createQueueDetectPort({
        url,
        namespace: 'sightline',
        detector: toDetectorInfo(await loadManifest(MODEL)),
        clock: systemClock,
        onEvent: (event) => events.push(event),
        ...options,
      });
      ports.push(port);
      return port;
    },
    async localLines(cameras) {
      const telemetry = createTelemetry(pino({ level: 'silent' }));
      const { config } = defineConfig({ model: { name: MODEL, processes: 2 }, cameras });
      const port = await startDetector(config.model, await loadManifest(MODEL), telemetry);
      const analysis = await analyse(port, cameras);
      await Promise.all(analysis.runs.map((run) => run.done));
      await analysis.close();
      return analysis.lines();
    },
    async clear() {
      await Promise.all(pipelines.splice(0).map((pipeline) => pipeline.close().catch(() => undefined)));
      await Promise.all(ports.splice(0).map((port) => port.close()));
      killAll(workers.splice(0));
      events.length = 0;
    },
  };
}

/** The clip as a camera that never ends. */
export const LIVE_CLIP: CameraInput = { url: PLAZA, loop: true };
