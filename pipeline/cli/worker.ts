import type { Command } from 'commander';
import { defineConfig } from '../../config/define-config';
import { createRedactor } from '../../models/domain/redact';
import { parseRedisUrl, redisName } from '../../models/support/redis-url';
import { createQueueWorker } from '../../workers/serve/queue-worker';
import type { QueueWorker } from '../../workers/serve/serve-types';
import { createTelemetry } from '../telemetry';
import { reportWorker } from '../worker-reports';
import { watchWorker } from '../worker-metrics';
import { loadModel } from './load-model';
import { createLog } from './log';
import { openMetrics } from './metrics-flag';
import { requiredQueueUrl } from './redis-flag';
import { catchStopSignals } from './signals';
import { EXIT, UsageError, listFlag, numberFlag } from './usage';

interface WorkerFlags {
  readonly queue?: string;
  readonly model?: string;
  readonly providers?: string;
  readonly processes?: string;
  readonly batch?: string;
  readonly namespace?: string;
  readonly metrics?: string;
  readonly logFormat: string;
  readonly verbose?: boolean;
}

/** `sightline worker`: looks at frames that other processes send through the queue. */
export function addWorkerCommand(program: Command): void {
  program
    .command('worker')
    .description('look at the frames that `run --queue` and `ingest` send')
    .option('--queue <url>', 'Redis of the queue: redis://host:6379 or file:/path (or SIGHTLINE_REDIS_URL)')
    .option('-m, --model <name>', 'bundled model or path of a manifest')
    .option('--provider, --providers <list>', 'what to run the model on, best first: cuda,cpu (default cpu)')
    .option('--processes <n>', 'inference processes (default: one for each core)')
    .option('--batch <n>', 'frames given to the model at once, at most')
    .option('--namespace <name>', 'prefix of every Redis key')
    .option('--metrics <address>', 'serve /metrics, /healthz and /readyz: 127.0.0.1:9464')
    .option('--log-format <format>', 'text or json', 'text')
    .option('-v, --verbose', 'say more')
    .action(async (flags: WorkerFlags) => {
      process.exitCode = await work(flags);
    });
}

async function work(flags: WorkerFlags): Promise<number> {
  const { config, secrets } = workerConfig(flags);
  const { url } = config.queue!;
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const log = createLog({
    format: flags.logFormat === 'json' ? 'json' : 'text',
    level: flags.verbose === true ? 'debug' : 'info',
    redact: createRedactor(secrets),
    write: say,
  });
  const telemetry = createTelemetry(log);
  const manifest = await loadModel(config.model.name);
  const signals = catchStopSignals((text) => log.info(text));
  let worker: QueueWorker | undefined;
  const closeMetrics = await openMetrics(flags.metrics, telemetry.registry, () => worker?.isReady() ?? false);
  try {
    const { providers, processes, maxBatch, intraOpThreads, inferenceTimeoutMs, startTimeoutMs } =
      config.model;
    worker = await createQueueWorker(
      {
        ...{
          url,
          namespace: config.namespace,
          manifest,
          providers,
          maxBatch,
          intraOpThreads,
          inferenceTimeoutMs,
          startTimeoutMs,
        },
        ...(processes !== 'auto' && { processes }),
        onEvent: reportWorker(telemetry),
      },
      signals.signal,
    );
    if (worker === undefined) return EXIT.done;
    const started = worker;
    watchWorker(telemetry.registry, () => started.stats());
    const { length } = worker.stats().processes;
    log.info(
      `${worker.id} looks at frames for ${manifest.name} at ${nameOf(url)} ` +
        `with ${length === 1 ? 'one process' : `${length} processes`} on ${worker.provider}`,
    );
    await untilAborted(signals.signal);
    await worker.close();
    const { jobs, replies } = worker.stats();
    log.info(`stopped after ${replies.detected} frames in ${jobs} jobs`);
    return EXIT.done;
  } finally {
    signals.release();
    await closeMetrics();
  }
}

function workerConfig(flags: WorkerFlags) {
  if (flags.logFormat !== 'text' && flags.logFormat !== 'json') {
    throw new UsageError(`--log-format: expected text or json, got ${JSON.stringify(flags.logFormat)}`);
  }
  const providers = listFlag('--providers', flags.providers);
  const processes = numberFlag('--processes', flags.processes, { min: 1, max: 256 });
  const maxBatch = numberFlag('--batch', flags.batch, { min: 1, max: 64 });
  return defineConfig({
    ...(flags.namespace !== undefined && { namespace: flags.namespace }),
    queue: { url: requiredQueueUrl('worker', flags.queue) },
    model: {
      ...(flags.model !== undefined && { name: flags.model }),
      ...(providers !== undefined && { providers }),
      ...(processes !== undefined && { processes }),
      ...(maxBatch !== undefined && { maxBatch }),
    },
    // The schema asks for a camera, which a worker does not have.
    cameras: { none: { url: 'none' } },
  });
}

function nameOf(url: string): string {
  const address = parseRedisUrl(url);
  return address === undefined ? 'redis' : redisName(address);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
