import { setTimeout as delay } from 'node:timers/promises';
import { PipelineError, toPipelineError } from '../../models/domain/errors';
import type { Telemetry } from '../telemetry';

const RETRY_MS = 1000;

/** Opens what cannot be reached yet, again and again; rejects with what no waiting mends, and when the signal is aborted. */
export async function whenReachable<T>(
  open: () => Promise<T>,
  telemetry: Telemetry,
  signal: AbortSignal,
): Promise<T> {
  for (let told: string | undefined; ;) {
    try {
      return await open();
    } catch (error) {
      const failure = toPipelineError(error);
      const { cause } = failure;
      const mayCome = cause instanceof PipelineError && cause.code !== 'auth' && cause.code !== 'config';
      if (!mayCome || signal.aborted) throw failure;
      if (told !== failure.detail)
        telemetry.warning(`events: ${failure.detail}; trying again until it answers`);
      told = failure.detail;
      await delay(RETRY_MS, undefined, { signal });
    }
  }
}
