import type { Config } from '../../config/schema';
import type { DetectPort, DetectorInfo } from '../../models/domain/detect-port';
import { toDetectorInfo } from '../../models/efficientvit/manifest';
import { startDetector } from '../detector';
import type { Telemetry } from '../telemetry';
import { loadModel } from './load-model';

/** A detector that is known and not yet started. */
export interface DetectorSource {
  readonly detector: DetectorInfo;
  /** Starts it; to be called once. Whoever gets the port closes it. Rejects when it is to stop before it has started. */
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
  if (config.queue !== undefined) {
    const { queueSource } = await import('./queue-source.js');
    return queueSource(config, config.queue, telemetry, signal);
  }
  const manifest = await loadModel(config.model.name);
  return {
    detector: toDetectorInfo(manifest),
    start: () => startDetector(config.model, manifest, telemetry, signal),
  };
}
