import type { Config } from '../../config/schema';
import { systemClock } from '../../models/domain/clock';
import type { DetectPort, DetectorInfo } from '../../models/domain/detect-port';
import { listModels, toDetectorInfo } from '../../models/efficientvit/manifest';
import { awaitPublishedModel } from '../../workers/queue/published-model';
import { createQueueDetectPort } from '../../workers/queue/queue-detect-port';
import { startDetector } from '../detector';
import { watchQueue } from '../queue-metrics';
import { reportQueue } from '../queue-reports';
import type { Telemetry } from '../telemetry';
import { findModel, loadModel } from './load-model';

/** A detector that is known and not yet started. */
export interface DetectorSource {
  readonly detector: DetectorInfo;
  /** Starts it; to be called once. Whoever gets the port closes it. */
  start(): Promise<DetectPort>;
}

type DetectorConfig = Pick<Config, 'model' | 'queue' | 'namespace'>;

/**
 * The detector a configuration asks for: processes of this host, or workers behind a queue. With a queue no weights are
 * needed here: a model that is not among the bundled ones is taken from what workers have published, however long that takes;
 * undefined when `signal` is aborted meanwhile. Rejects for a model that there is not.
 */
export async function createDetectorSource(
  config: DetectorConfig,
  telemetry: Telemetry,
  signal: AbortSignal,
): Promise<DetectorSource | undefined> {
  if (config.queue !== undefined) return queueSource(config, config.queue, telemetry, signal);
  const manifest = await loadModel(config.model.name);
  return {
    detector: toDetectorInfo(manifest),
    start: () => startDetector(config.model, manifest, telemetry),
  };
}

async function queueSource(
  { model, namespace }: DetectorConfig,
  queue: NonNullable<Config['queue']>,
  telemetry: Telemetry,
  signal: AbortSignal,
): Promise<DetectorSource | undefined> {
  const { url, store, frameBudgetBytes, resubmitMs, keepDeadPixels } = queue;
  const onEvent = reportQueue(telemetry, {
    ...{ url, model: model.name, namespace },
    bundled: await listModels(),
    isStopping: () => signal.aborted,
  });
  const options = { url, namespace, clock: systemClock, onEvent };
  const manifest =
    (await findModel(model.name)) ?? (await awaitPublishedModel({ ...options, name: model.name }, signal));
  if (manifest === undefined) return undefined;
  const detector = toDetectorInfo(manifest);
  return {
    detector,
    async start() {
      const port = await createQueueDetectPort(
        { ...options, detector, store, frameBudgetBytes, resubmitMs, keepsDeadPixels: keepDeadPixels },
        signal,
      );
      watchQueue(telemetry.registry, () => port.stats());
      return port;
    },
  };
}
