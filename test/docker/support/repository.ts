import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../models/support/package-root';

/** A path of the checkout. */
export const inRoot = (...path: string[]) => join(packageRoot, ...path);

/** Text of a file of the checkout. */
export const read = (...path: string[]) => readFileSync(inRoot(...path), 'utf8');

/** The number that a source file gives a constant or a default, such as `drainIdleMs = 10_000`. */
export function numberIn(file: string, name: string): number {
  const [, digits] = new RegExp(`\\b${name} = ([\\d_]+)[;,\\s]`).exec(read(file)) ?? [];
  if (digits === undefined) throw new Error(`${file}: expected a number ${name}, got none`);
  return Number(digits.replaceAll('_', ''));
}

/** Longest that a worker takes from SIGTERM to its end, by the limits in the code. */
export function workerDrainMs(): number {
  const serving = 'workers/serve/start-serving.ts';
  return (
    numberIn(serving, 'DRAIN_TIMEOUT_MS') +
    numberIn('workers/local/inference-process.ts', 'STOP_TIMEOUT_MS') +
    2 * numberIn('workers/serve/retry-for.ts', 'REDIS_RETRY_MS') +
    numberIn(serving, 'LET_GO_MS')
  );
}

/** Longest that an ingest process takes from SIGTERM to its end, by the limits in the code. */
export function ingestDrainMs(): number {
  const sink = 'operators/sinks/redis-events.ts';
  return (
    numberIn('pipeline/leases/lease-manager.ts', 'stopTimeoutMs') +
    numberIn('pipeline/pipeline.ts', 'drainIdleMs') +
    numberIn(sink, 'drainTimeoutMs') +
    numberIn('operators/sinks/redis-sender.ts', 'FORGET_TIMEOUT_MS')
  );
}
