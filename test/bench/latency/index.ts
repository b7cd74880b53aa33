import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { defineConfig } from '../../../config/define-config';
import { systemClock } from '../../../models/domain/clock';
import type { DetectPort } from '../../../models/domain/detect-port';
import type { EventSink } from '../../../models/domain/event-sink';
import { loadManifest, toDetectorInfo } from '../../../models/efficientvit/manifest';
import { toCameraSpec } from '../../../pipeline/camera-spec';
import { startDetector } from '../../../pipeline/detector';
import { createPipeline } from '../../../pipeline/pipeline';
import { createTelemetry } from '../../../pipeline/telemetry';
import { createQueueDetectPort } from '../../../workers/queue/queue-detect-port';
import { startRtspServer } from '../../fixtures/rtsp-server';
import { startRedisServer } from '../../support/redis-server';
import { waitFor } from '../../support/wait-for';
import { MODEL, startWorkers } from '../queue/lab';
import { table } from '../table';
import { INTERVAL_MS, drawPattern, lastOf, readPattern } from '../../support/numbered-clip';

const SECONDS = 30;
const WARM_UP_MS = 5000;
/** Of design §10, beyond one interval. */
const BUDGET_MS = { p50: INTERVAL_MS + 60, p99: INTERVAL_MS + 150 };

/**
 * From a camera's sending a picture (RTSP over loopback) to an event of it at the sink. Which picture an event is of is read
 * from the picture itself, as the detector gets it; events of every picture are asked for.
 */
export async function benchLatency(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-bench-'));
  try {
    const video = await drawPattern(folder);
    const rows = [
      [
        'detector',
        'cameras',
        'events',
        `p50 ms (budget ${BUDGET_MS.p50})`,
        `p99 ms (budget ${BUDGET_MS.p99})`,
      ],
    ];
    for (const cameras of [1, 4]) {
      for (const [name, open] of [
        ['local', openLocal],
        ['queue', openQueue],
      ] as const) {
        process.stderr.write(`latency: ${name}, ${cameras} cameras\n`);
        const { port, close } = await open();
        const latencies = (await measure(port, video, cameras)).sort((a, b) => a - b);
        await close();
        const at = (part: number) =>
          latencies[Math.min(latencies.length - 1, Math.floor(part * latencies.length))]!;
        rows.push([name, String(cameras), String(latencies.length), at(0.5).toFixed(0), at(0.99).toFixed(0)]);
      }
    }
    console.log(
      `\nfrom a picture's sending to an event of it: ${1000 / INTERVAL_MS} pictures a second a camera`,
    );
    console.log(table(rows));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Opened {
  readonly port: DetectPort;
  readonly close: () => Promise<void>;
}

async function openLocal(): Promise<Opened> {
  const { config } = defineConfig({ cameras: { none: { url: 'none' } } });
  const port = await startDetector(config.model, await loadManifest(MODEL), silentTelemetry());
  return { port, close: () => Promise.resolve() };
}

async function openQueue(): Promise<Opened> {
  const redis = await startRedisServer(['--appendonly', 'no']);
  const workers = await startWorkers(redis.url, { workers: 1, manifest: MODEL, batch: 4, processes: 2 });
  const detector = toDetectorInfo(await loadManifest(MODEL));
  const access = { url: redis.url, namespace: 'sightline', detector, clock: systemClock };
  const port = await createQueueDetectPort(access);
  await waitFor(() => port.stats().capacity.workers === 1, { what: 'the worker' });
  return {
    port,
    async close() {
      await workers.stop();
      await redis.close();
    },
  };
}

const silentTelemetry = () => createTelemetry(pino({ level: 'silent' }));

/** Milliseconds of each event of a picture. */
async function measure(port: DetectPort, video: string, count: number): Promise<number[]> {
  const names = Array.from({ length: count }, (_, index) => `camera-${index}`);
  const sentAtMs = new Map<string, number[]>(names.map((name) => [name, []]));
  const numbers = new Map<string, number>();
  const latencies: number[] = [];
  const servers = await Promise.all(
    names.map((name) =>
      startRtspServer({ video, onSent: () => sentAtMs.get(name)!.push(performance.now()) }),
    ),
  );
  const cameras = Object.fromEntries(
    names.map((name, index) => [name, { url: servers[index]!.url(), updateIntervalMs: 1 }]),
  );
  const { config } = defineConfig({ cameras });
  const startMs = performance.now();

  const sink = eventSink((camera, epoch, ptsMs) => {
    const nowMs = performance.now();
    const number = numbers.get(keyOf(camera, epoch, ptsMs));
    const sent = sentAtMs.get(camera)!;
    if (number === undefined || nowMs - startMs < WARM_UP_MS) return;
    const last = lastOf(sent.length, number);
    if (last >= 0) latencies.push(nowMs - sent[last]!);
  });
  const pipeline = createPipeline({
    port: withReader(port, numbers),
    sinks: [sink],
    telemetry: silentTelemetry(),
  });
  for (const [name, camera] of Object.entries(config.cameras)) {
    pipeline.start(toCameraSpec(name, camera, port.detector));
  }
  await waitFor(() => performance.now() - startMs > SECONDS * 1000, {
    what: 'the time',
    timeoutMs: 2 * SECONDS * 1000,
  });
  await pipeline.close();
  await Promise.all(servers.map((server) => server.close()));
  return latencies;
}

const keyOf = (camera: string, epoch: number, ptsMs: number) => `${camera}/${epoch}/${ptsMs.toFixed(1)}`;

/** The port, and notes which picture each frame is. */
function withReader(port: DetectPort, numbers: Map<string, number>): DetectPort {
  return {
    detector: port.detector,
    close: () => port.close(),
    open(options) {
      const channel = port.open(options);
      return {
        detect(frame) {
          const { cameraId, segment, ptsMs } = frame.info;
          numbers.set(
            keyOf(cameraId, segment.epoch, ptsMs),
            readPattern(frame.lease.pixels, port.detector.input),
          );
          return channel.detect(frame);
        },
        close: () => channel.close(),
      };
    },
  };
}

/** A sink that is told of the events of pictures. */
function eventSink(onEvent: (camera: string, epoch: number, ptsMs: number) => void): EventSink {
  let end: () => void;
  const ended = new Promise<{ readonly kind: 'closed' }>(
    (resolve) => (end = () => resolve({ kind: 'closed' })),
  );
  return {
    name: 'bench',
    ended,
    write({ type, data }) {
      if ((type === 'track.updated' || type === 'track.started') && 'ptsMs' in data) {
        onEvent(data.camera, data.epoch, data.ptsMs);
      }
      return Promise.resolve();
    },
    flush: () => Promise.resolve(),
    close() {
      end();
      return Promise.resolve();
    },
    stats: () => ({ written: 0, pending: 0, lost: 0 }),
  };
}
