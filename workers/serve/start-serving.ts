import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../models/domain/clock';
import { toError } from '../../models/domain/errors';
import type { Keys } from '../../models/domain/keys';
import { createErrorReporter } from '../../models/support/redis-errors';
import type { LocalDetectPort } from '../local/pool-types';
import { isConnectionFault } from '../wire/connections';
import type { Connections } from '../wire/connections';
import { REPLY_KINDS } from '../wire/reply';
import type { ReplyKind } from '../wire/reply';
import { createProcessId } from '../wire/process-id';
import { createAnnouncer } from './announcer';
import { createCameraChannels } from './camera-channels';
import { createJobFetcher } from './job-fetcher';
import { createJobServer } from './job-server';
import { createPixelFetcher } from './pixel-fetcher';
import { createReplyWriter } from './reply-writer';
import { REDIS_RETRY_MS } from './retry-for';
import type { QueueWorker, QueueWorkerOptions, WorkerStats } from './serve-types';

export interface ServingParts {
  readonly options: QueueWorkerOptions;
  readonly clock: Clock;
  readonly keys: Keys;
  readonly connections: Connections;
  readonly pool: LocalDetectPort;
}

/** BullMQ's words for a job that Redis lost, or whose lock ran out meanwhile: its sender has sent the frames again. */
const LOST_LOCK = /could not renew lock for job|Missing (key|lock) for job/;

const isLostLock = (error: unknown) => LOST_LOCK.test(toError(error).message);

export interface Serving {
  readonly worker: QueueWorker;
  /** To be called when an inference process became ready or was lost. */
  readonly onProcessesChanged: () => void;
}

const DRAIN_TIMEOUT_MS = 20_000;

/** What the queue may take to be let go of. */
const LET_GO_MS = 3000;

const POLL_MS = 20;

/** Fetches and answers jobs with a pool that is warm, over connections that are ready; both are closed with the worker. */
export function startServing({ options, clock, keys, connections, pool }: ServingParts): Serving {
  const { manifest, maxBatch, drainTimeoutMs = DRAIN_TIMEOUT_MS, onEvent } = options;
  const { name, commands, patient, redisClock } = connections;
  const { detector } = pool;
  const id = createProcessId('worker');
  const frameBytes = (detector.input.width * detector.input.height * 3) / 2;
  const credits = pool.stats().processes.length * 2 * maxBatch;
  const replies = Object.fromEntries(REPLY_KINDS.map((kind) => [kind, 0])) as Record<ReplyKind, number>;
  let lostReplies = 0;
  let isLeaving = false;
  let closed: Promise<void> | undefined;

  const processes = () => pool.stats().processes;
  const readyProcesses = () => processes().filter(({ isReady }) => isReady).length;
  const busyMs = () => processes().reduce((sum, process) => sum + process.busyMs, 0);
  /** Of all, since they share what they choose from; asked anew, since it may be given up for another. */
  const provider = () =>
    (processes().find(({ isReady }) => isReady) ?? processes().find((one) => one.provider !== undefined))
      ?.provider ?? 'unknown';

  const reportQueueError = createErrorReporter(name, (error) => onEvent?.({ kind: 'queue_error', error }));

  const pixels = createPixelFetcher({ client: commands, keys, frameBytes });
  const answer = createReplyWriter({
    ...{ client: commands, name, keys, worker: id, labels: detector.labels },
    onLost(producer, frames, error) {
      lostReplies += frames;
      onEvent?.({ kind: 'reply_lost', producer, frames, error });
    },
  });
  const look = createJobServer({
    pixels,
    cameras: createCameraChannels(pool, credits),
    redisNowMs: () => redisClock.nowMs(),
    isLeaving: () => isLeaving,
  });
  const announcer = createAnnouncer({
    ...{ client: commands, keys, worker: id, manifest, maxBatch, clock },
    redisNowMs: () => redisClock.nowMs(),
    onRefused: (error) => connections.refused(error),
    onAccepted: () => connections.accepted(),
    state: () => ({ provider: provider(), processes: readyProcesses(), busyMs: busyMs(), isLeaving }),
  });
  const fetcher = createJobFetcher({
    ...{ client: patient, keys, worker: id, fingerprint: detector.fingerprint, maxBatch, readyProcesses },
    async serve(job) {
      const frames = await look(job);
      if (await answer(job.producer, frames)) for (const { kind } of frames) replies[kind]++;
    },
    onRefused: (mode, jobId, error) => onEvent?.({ kind: 'job_refused', mode, jobId, error }),
    onError(error) {
      // Broken connections are told of once, by the connection that fails fast.
      if (!isLeaving && !isConnectionFault(error) && !isLostLock(error)) reportQueueError(error);
    },
  });

  function stats(): WorkerStats {
    const { jobs, refusedJobs, heldFrames, concurrency } = fetcher.stats();
    const batches = processes().reduce((sum, process) => sum + process.batches, 0);
    const frames = processes().reduce((sum, process) => sum + process.frames, 0);
    return {
      ...{ jobs, refusedJobs, heldFrames, concurrency, lostReplies },
      ...pixels.stats(),
      replies: { ...replies },
      meanBatch: batches === 0 ? 0 : frames / batches,
      busyMs: busyMs(),
      readyProcesses: readyProcesses(),
      processes: processes(),
    };
  }

  /** True when no job is in work; false when some still is after `ms`. */
  async function idleWithin(ms: number): Promise<boolean> {
    const endMs = clock.monotonicMs() + ms;
    while (fetcher.stats().heldJobs > 0) {
      if (clock.monotonicMs() >= endMs) return false;
      await delay(POLL_MS);
    }
    return true;
  }

  /** Jobs that were answered are still to be moved out of the queue, and BullMQ may be waiting for one more. */
  async function letGo(): Promise<void> {
    const endMs = clock.monotonicMs() + LET_GO_MS;
    while (fetcher.isRunning && commands.status === 'ready' && clock.monotonicMs() < endMs)
      await delay(POLL_MS);
    await fetcher.close();
  }

  async function close(): Promise<void> {
    isLeaving = true;
    announcer.beat();
    fetcher.stop();
    if (!(await idleWithin(drainTimeoutMs))) {
      // What is in work settles as stopped, and is given back to who sent it.
      await pool.close();
      await idleWithin(REDIS_RETRY_MS);
    }
    await letGo();
    await announcer.close();
    connections.close();
    await pool.close();
  }

  return {
    worker: {
      ...{ id, detector, redis: name, stats },
      get provider() {
        return provider();
      },
      isReady: () => !isLeaving && connections.isTrusted() && readyProcesses() > 0,
      close: () => (closed ??= close()),
    },
    onProcessesChanged() {
      fetcher.adapt();
      announcer.beat();
    },
  };
}
