import { systemClock } from '../../models/domain/clock';
import { createKeys } from '../../models/domain/keys';
import { createLocalDetectPort } from '../local/local-detect-port';
import type { PoolEvent } from '../local/pool-types';
import { openConnections } from '../wire/connections';
import type { QueueWorker, QueueWorkerOptions } from './serve-types';
import { startServing } from './start-serving';

/**
 * Looks at frames that others send through Redis: loads the model into inference processes, and then fetches jobs and
 * answers each frame exactly once. Resolves when the model is warm and Redis answers, however long that takes; to undefined
 * when `signal` is aborted meanwhile.
 *
 * Rejects, with nothing left open, with a PipelineError `model` when no process can start, `auth` when Redis refuses the
 * credentials, and `config` for a Redis that is too old or evicts keys, or a ring that finds no room.
 */
export async function createQueueWorker(
  options: QueueWorkerOptions,
  signal?: AbortSignal,
): Promise<QueueWorker | undefined> {
  const { manifest, namespace, clock = systemClock, onEvent } = options;
  const keys = createKeys(namespace);
  const connections = openConnections({ ...options, clock, purpose: 'worker' });
  const failed = new AbortController();
  const stopWaiting = AbortSignal.any([failed.signal, ...(signal === undefined ? [] : [signal])]);
  let onProcesses: (() => void) | undefined;

  function onPoolEvent(event: PoolEvent): void {
    onEvent?.(event);
    if (event.kind !== 'frames_refused') onProcesses?.();
  }

  const { providers, processes, maxBatch, intraOpThreads, inferenceTimeoutMs, startTimeoutMs } = options;
  const starting = createLocalDetectPort({
    ...{ manifest, providers, maxBatch, inferenceTimeoutMs },
    ...(processes !== undefined && { processes }),
    ...(intraOpThreads !== undefined && { intraOpThreads }),
    ...(startTimeoutMs !== undefined && { startTimeoutMs }),
    // Deadlines are in Redis' time: the hosts' own clocks may differ by seconds.
    clock: { nowMs: () => connections.redisClock.nowMs(), monotonicMs: () => clock.monotonicMs() },
    whenBroken: 'give_back',
    signal: stopWaiting,
    onEvent: onPoolEvent,
  });

  try {
    const [pool] = await Promise.all([starting, connections.ready(stopWaiting)]);
    stopWaiting.throwIfAborted();
    const { worker, onProcessesChanged } = startServing({ options, clock, keys, connections, pool });
    onProcesses = onProcessesChanged;
    onProcessesChanged();
    return worker;
  } catch (error) {
    failed.abort();
    connections.close();
    await starting.then(
      (pool) => pool.close(),
      () => undefined,
    );
    if (signal?.aborted === true) return undefined;
    throw error;
  }
}
