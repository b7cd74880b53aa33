import type { Config } from '../config/schema';
import { systemClock } from '../models/domain/clock';
import type { Manifest } from '../models/efficientvit/manifest';
import { createLocalDetectPort } from '../workers/local/local-detect-port';
import type { LocalDetectPort } from '../workers/local/pool-types';
import type { Telemetry } from './telemetry';

/**
 * Starts the local inference processes that a configuration asks for. Rejects when the model cannot be loaded, and with the
 * reason of `signal` when that is aborted before it is.
 */
export function startDetector(
  model: Config['model'],
  manifest: Manifest,
  telemetry: Telemetry,
  signal?: AbortSignal,
): Promise<LocalDetectPort> {
  const { providers, processes, maxBatch, intraOpThreads, inferenceTimeoutMs, startTimeoutMs } = model;
  let told: string | undefined;
  return createLocalDetectPort({
    manifest,
    providers,
    ...(processes !== 'auto' && { processes }),
    maxBatch,
    intraOpThreads,
    inferenceTimeoutMs,
    startTimeoutMs,
    clock: systemClock,
    ...(signal !== undefined && { signal }),
    onEvent(event) {
      if (event.kind === 'process_lost') {
        telemetry.workerReplaced(`${event.error.message}; ${event.lostFrames} frames lost with it`);
      }
      if (event.kind === 'frames_refused')
        telemetry.warning(`${event.frames} frames: ${event.error.message}`);
      // All processes run the same provider; one line is enough, and another when it is another one.
      if (event.kind !== 'process_ready' || told === event.provider) return;
      told = event.provider;
      telemetry.providerChosen(event.provider, event.attempts);
    },
  });
}

/** As `startDetector`, for commands that end without a port: undefined when `signal` is aborted before it has started. */
export async function startUnlessStopped(
  model: Config['model'],
  manifest: Manifest,
  telemetry: Telemetry,
  signal: AbortSignal,
): Promise<LocalDetectPort | undefined> {
  try {
    return await startDetector(model, manifest, telemetry, signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
