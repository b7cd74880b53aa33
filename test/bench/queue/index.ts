import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { usableCores } from '../../../workers/local/usable-cores';
import { table } from '../table';
import { compareWithLocal } from './against-local';
import { deviceBoundModel, runLoad } from './lab';

/** Device-bound workers: one batch of four in 200 ms each. */
const DEVICE_DELAY_MS = 200;
const DEVICE_BATCH = 4;
const SCALE = [1, 2, 4, 8, 16] as const;
const RATES = [50, 200, 400] as const;

/** The queue against the same analysis in one process; how it scales; what it costs; how long it takes. */
export async function benchQueue(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-bench-'));
  try {
    await compareWithLocal(folder);
    await printScaleOut(deviceBoundModel(folder, DEVICE_DELAY_MS));
    const idle = deviceBoundModel(folder, 0);
    await printCosts(idle);
    await printLatencies(idle);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function printScaleOut(manifest: string): Promise<void> {
  const rows = [
    [
      'workers',
      'frames/s',
      'of linear (budget 0.90)',
      'CPU, part of all cores',
      'mean job',
      'Redis peak, MB',
    ],
  ];
  let single = 0;
  for (const workers of SCALE) {
    process.stderr.write(`scale-out: ${workers} workers\n`);
    const seconds = 12;
    const perSecond = (workers * DEVICE_BATCH * 1000) / DEVICE_DELAY_MS;
    const result = await runLoad({
      ...{ manifest, workers, batch: DEVICE_BATCH, store: 'auto', cameras: workers, inFlight: 16, rate: 0 },
      frames: Math.round(perSecond * seconds),
      warmUp: Math.round(perSecond * 3),
    });
    const { ingest, workers: served, redis } = result.cpuMsPerFrame;
    if (workers === 1) single = result.framesPerSecond;
    rows.push([
      String(workers),
      result.framesPerSecond.toFixed(1),
      (result.framesPerSecond / (single * workers)).toFixed(3),
      (((ingest + served + redis) * result.framesPerSecond) / 1000 / usableCores()).toFixed(2),
      result.meanJob.toFixed(2),
      (result.redisPeakBytes / 1e6).toFixed(1),
    ]);
  }
  console.log(`\nscale-out: a detector that waits ${DEVICE_DELAY_MS} ms for a batch of ${DEVICE_BATCH}`);
  console.log(table(rows));
}

async function printCosts(manifest: string): Promise<void> {
  const rows = [['store', 'batch', 'mean job', 'CPU ms a frame', 'ingest', 'worker', 'Redis']];
  for (const store of ['auto', 'redis'] as const) {
    for (const batch of [1, 4, 8]) {
      process.stderr.write(`costs: ${store}, batch ${batch}\n`);
      const { cpuMsPerFrame, meanJob } = await runLoad({
        ...{ manifest, workers: 1, batch, store, cameras: 1, inFlight: 4 * batch, rate: 0 },
        ...{ frames: 12_000, warmUp: 4000 },
      });
      const { ingest, workers, redis } = cpuMsPerFrame;
      const numbers = [ingest + workers + redis, ingest, workers, redis].map((ms) => ms.toFixed(2));
      rows.push([store === 'auto' ? 'shm' : store, String(batch), meanJob.toFixed(2), ...numbers]);
    }
  }
  console.log('\ncosts: a detector that answers at once; everything but decoding and inference');
  console.log(table(rows));
}

async function printLatencies(manifest: string): Promise<void> {
  const rows = [['store', 'frames/s', 'p50 ms', 'p99 ms', 'mean job', 'Redis frames', 'Redis peak, MB']];
  for (const store of ['auto', 'redis'] as const) {
    for (const rate of RATES) {
      process.stderr.write(`latency: ${store}, ${rate} frames/s\n`);
      const result = await runLoad({
        ...{ manifest, workers: 1, batch: 4, store, cameras: 8, rate },
        ...{ frames: rate * 15, warmUp: rate * 5 },
      });
      rows.push([
        ...[store === 'auto' ? 'shm' : store, String(rate)],
        ...[result.latencyMs.p50.toFixed(1), result.latencyMs.p99.toFixed(1), result.meanJob.toFixed(2)],
        ...[String(result.redisFrames), (result.redisPeakBytes / 1e6).toFixed(1)],
      ]);
    }
  }
  console.log('\nlatency from detect() to its outcome, a detector that answers at once');
  console.log(table(rows));
}
