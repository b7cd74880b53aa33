import { Queue } from 'bullmq';
import type { SourceMode } from '../../models/domain/frame';
import type { Keys } from '../../models/domain/keys';
import type { RedisClient } from '../../models/support/redis';
import { JOB_NAME, PROTOCOL } from '../wire/job';
import type { DetectJob } from '../wire/job';
import type { SilentState } from './outstanding';

export interface JobSenderOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly fingerprint: string;
  readonly onError: (error: Error) => void;
}

/** The producing end of a model's two queues. */
export interface JobSender {
  /** Adds a job under an id of the caller's; a second one of the same id changes nothing. Rejects when Redis does. */
  add(mode: SourceMode, id: string, job: DetectJob): Promise<void>;
  /** Takes a job back that no worker has begun; never rejects. */
  remove(mode: SourceMode, id: string): void;
  /** What became of a job. Rejects when Redis does not say. */
  stateOf(mode: SourceMode, id: string): Promise<SilentState>;
  /** Id of the worker that has begun a job; undefined when none has. Rejects when Redis does not say. */
  workerOf(mode: SourceMode, id: string): Promise<string | undefined>;
  close(): Promise<void>;
}

/** Nobody reads BullMQ's own events; it cannot be told to write none. */
const EVENTS_KEPT = 10;

/** Queues over one connection that fails fast; nothing is sent before the first job. */
export function createJobSender({ client, keys, fingerprint, onError }: JobSenderOptions): JobSender {
  const queues = new Map<SourceMode, Promise<Queue>>();

  async function openQueue(mode: SourceMode): Promise<Queue> {
    const queue = new Queue(keys.queue(fingerprint, PROTOCOL, mode), {
      connection: client,
      prefix: keys.queuePrefix,
      streams: { events: { maxLen: EVENTS_KEPT } },
      defaultJobOptions: { attempts: 1, removeOnComplete: { count: 0 }, removeOnFail: { count: 100 } },
    });
    queue.on('error', onError);
    try {
      await queue.waitUntilReady();
      return queue;
    } catch (error) {
      // A queue of BullMQ 6.7 that could not begin, as with a Redis that was silent just then, never can: the next try makes another.
      queues.delete(mode);
      queue.close().catch(() => undefined);
      throw error;
    }
  }

  function queueOf(mode: SourceMode): Promise<Queue> {
    const queue = queues.get(mode) ?? openQueue(mode);
    queues.set(mode, queue);
    return queue;
  }

  return {
    async add(mode, id, job) {
      const queue = await queueOf(mode);
      await queue.add(JOB_NAME, job, { jobId: id });
    },
    remove(mode, id) {
      // A job that a worker has locked cannot be removed, and need not be: its answer will be ignored.
      queueOf(mode)
        .then((queue) => queue.remove(id))
        .catch(() => undefined);
    },
    async stateOf(mode, id) {
      const queue = await queueOf(mode);
      const state = await queue.getJobState(id);
      // Slow is not silent: a worker renews its lock on a job for as long as it is at work.
      if (state === 'active' && (await client.exists(queue.toKey(`${id}:lock`))) > 0) return 'waiting';
      if (state === 'active' || state === 'failed') return 'begun';
      return state === 'unknown' || state === 'completed' ? 'gone' : 'waiting';
    },
    async workerOf(mode, id) {
      const queue = await queueOf(mode);
      return (await queue.getJob(id))?.processedBy;
    },
    async close() {
      await Promise.allSettled([...queues.values()].map(async (queue) => (await queue).close()));
    },
  };
}
