import type { Config } from '../../config/schema';
import { systemClock } from '../../models/domain/clock';
import { listModels, toDetectorInfo } from '../../models/efficientvit/manifest';
import { awaitPublishedModel } from '../../workers/queue/published-model';
import { createQueueDetectPort } from '../../workers/queue/queue-detect-port';
import { watchQueue } from '../queue-metrics';
import { reportQueue } from '../queue-reports';
import type { Telemetry } from '../telemetry';
import type { DetectorInfo, DetectPort } from '../../models/domain/detect-port';
import { findModel } from './load-model';

/** The detector behind a queue; apart, since BullMQ takes a while to load and a run without a queue has no use for it. */
export async function queueSource(
  { model, namespace }: Pick<Config, 'model' | 'namespace'>,
  queue: NonNullable<Config['queue']>,
  telemetry: Telemetry,
  signal: AbortSignal,
): Promise<{ readonly detector: DetectorInfo; start(): Promise<DetectPort> } | undefined> {
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
