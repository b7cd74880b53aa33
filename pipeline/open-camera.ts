import { setTimeout as delay } from 'node:timers/promises';
import { toPipelineError } from '../models/domain/errors';
import type { EventSink } from '../models/domain/event-sink';
import type { OpenCamera } from '../models/domain/open-tracks';
import type { CameraSpec } from './camera-spec';
import type { Telemetry } from './telemetry';

export interface OpenCameraReaderOptions {
  readonly spec: Pick<CameraSpec, 'id'>;
  readonly sinks: readonly EventSink[];
  /** `source` of the camera's events. */
  readonly eventSource: string;
  readonly telemetry: Pick<Telemetry, 'warning'>;
  /** True when nobody waits for it any more. */
  readonly isStopping: () => boolean;
}

/** A camera does not wait longer for a log that is away: its pictures matter more. */
const WAIT_MS = 5000;
const RETRY_MS = 250;

/**
 * How to read what earlier runs left open in the log, from the first sink that keeps an account of it; undefined: none does.
 * What it gives never rejects; after some seconds without the log it resolves with undefined, and warns.
 */
export function openCameraReader(
  options: OpenCameraReaderOptions,
): (() => Promise<OpenCamera | undefined>) | undefined {
  const { spec, sinks, eventSource, telemetry, isStopping } = options;
  const sink = sinks.find((one) => one.openCamera !== undefined);
  if (sink === undefined) return undefined;
  const read = () => sink.openCamera!(spec.id, eventSource);
  return async () => {
    const untilMs = performance.now() + WAIT_MS;
    let detail = 'it did not answer';
    while (!isStopping() && performance.now() < untilMs) {
      const timeout = new AbortController();
      const late = delay(untilMs - performance.now(), undefined, { signal: timeout.signal });
      try {
        const open = await Promise.race([read(), late]);
        if (open !== undefined) return open;
      } catch (error) {
        ({ detail } = toPipelineError(error, 'sink'));
        await delay(RETRY_MS);
      } finally {
        late.catch(() => undefined);
        timeout.abort();
      }
    }
    if (!isStopping()) {
      telemetry.warning(
        `${spec.id}: what an earlier run left open could not be read from ${sink.name} (${detail}): it ends with the next start`,
      );
    }
    return undefined;
  };
}
