import { UnrecoverableError } from 'bullmq';
import type { Job } from 'bullmq';
import { PipelineError, toPipelineError } from '../../models/domain/errors';
import type { SourceMode } from '../../models/domain/frame';
import type { Keys } from '../../models/domain/keys';
import type { RedisClient } from '../../models/support/redis';
import { JOB_NAME, PROTOCOL, parseJob } from '../wire/job';
import type { DetectJob } from '../wire/job';
import { createJobLimiter } from './job-limits';
import type { JobLimits } from './job-limits';
import { TolerantWorker } from './tolerant-worker';

export interface JobFetcherOptions {
  /** Waits through outages. */
  readonly client: RedisClient;
  readonly keys: Keys;
  /** Id of this worker: who sent a job can see who has it. */
  readonly worker: string;
  readonly fingerprint: string;
  readonly maxBatch: number;
  /** Inference processes that are ready; while there is none, no job is fetched. */
  readonly readyProcesses: () => number;
  /** Does the job and sends its answer; must not reject. */
  readonly serve: (job: DetectJob) => Promise<void>;
  readonly onRefused: (mode: SourceMode, jobId: string, error: PipelineError) => void;
  /** A complaint of BullMQ or its connections. */
  readonly onError: (error: unknown) => void;
}

/** The consuming end of a model's two queues. */
export interface JobFetcher {
  /** To be called when the number of ready processes has changed. */
  adapt(): void;
  stats(): {
    readonly jobs: number;
    readonly refusedJobs: number;
    readonly heldJobs: number;
    readonly heldFrames: number;
    readonly concurrency: JobLimits;
  };
  /** Fetches no more; what BullMQ waits for at the moment may still come. */
  stop(): void;
  /** False once all is fetched, served and moved out of the queue after `stop`, which Redis must be there for. */
  readonly isRunning: boolean;
  /** Lets go of the queues as they are; jobs still in them stay locked until their locks run out. */
  close(): Promise<void>;
}

const MODES: readonly SourceMode[] = ['live', 'recorded'];

/** A crashed worker's jobs are failed after this; who sent their frames has long sent them again. */
const LOCK_MS = 10_000;
const STALLED_CHECK_MS = 5000;

/** By default BullMQ waits 15 s after an error of the connection. */
const RETRY_MS = 500;

/** Longest wait for a job in one command, in seconds; also how late an overlooked job is found. */
const DRAIN_DELAY_S = 1;

/** Failed jobs kept for people to look at, and most bytes of data kept of each. */
const FAILED_KEPT = 100;
const FAILED_BYTES = 4096;
const REASON_CHARS = 300;

/** Fetches jobs from now on. One connection is shared; BullMQ makes another for each queue to wait on. */
export function createJobFetcher(options: JobFetcherOptions): JobFetcher {
  const { client, keys, fingerprint, maxBatch, readyProcesses, serve, onRefused, onError } = options;
  const limiter = createJobLimiter(maxBatch);
  const held = { live: 0, recorded: 0 };
  const counts = { jobs: 0, refusedJobs: 0, heldFrames: 0 };
  let isPaused = false;
  let isStopped = false;

  const limitsNow = () => limiter.limits(readyProcesses(), { jobs: held, frames: counts.heldFrames });
  const workers = MODES.map((mode) => {
    const worker = new TolerantWorker(
      keys.queue(fingerprint, PROTOCOL, mode),
      (job: Job<unknown>) => begin(mode, job),
      {
        connection: client,
        name: options.worker,
        prefix: keys.queuePrefix,
        concurrency: limitsNow()[mode],
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_CHECK_MS,
        maxStalledCount: 0,
        runRetryDelay: RETRY_MS,
        drainDelay: DRAIN_DELAY_S,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: FAILED_KEPT },
      },
    );
    worker.on('error', onError);
    return { mode, worker };
  });

  function limit(): void {
    const limits = limitsNow();
    for (const { mode, worker } of workers) worker.concurrency = limits[mode];
  }

  // BullMQ looks at `concurrency` right after it has called this: what is known of the job must be known by then.
  function begin(mode: SourceMode, job: Job<unknown>): Promise<void> {
    counts.jobs++;
    try {
      if (job.name !== JOB_NAME) {
        throw new PipelineError('inference', `job: expected the name ${JOB_NAME}, got another`);
      }
      return hold(mode, parseJob(job.data));
    } catch (error) {
      return refuse(mode, job, toPipelineError(error, 'inference'));
    }
  }

  async function hold(mode: SourceMode, job: DetectJob): Promise<void> {
    // A frame that is tried again is alone in a run of the detector too.
    const frames = job.frames.some(({ attempt }) => attempt > 1) ? maxBatch : job.frames.length;
    held[mode]++;
    counts.heldFrames += frames;
    limiter.observe(frames);
    limit();
    try {
      await serve(job);
    } finally {
      held[mode]--;
      counts.heldFrames -= frames;
      limit();
    }
  }

  /** Rejects with what BullMQ takes for the end of the job, whatever attempts it asks for. */
  async function refuse(
    mode: SourceMode,
    job: Job<unknown>,
    { code, detail }: PipelineError,
  ): Promise<never> {
    const error = new PipelineError(code, detail.slice(0, REASON_CHARS));
    counts.refusedJobs++;
    onRefused(mode, (job.id ?? '').slice(0, REASON_CHARS), error);
    if (!isSmall(job.data)) await job.updateData({ cut: true }).catch(onError);
    throw new UnrecoverableError(error.message);
  }

  function pauseOrResume(): void {
    const shouldPause = isStopped || readyProcesses() === 0;
    if (shouldPause === isPaused) return;
    isPaused = shouldPause;
    for (const { worker } of workers) {
      (shouldPause ? worker.pause(true) : worker.resume()).catch(onError);
    }
  }

  return {
    adapt() {
      limit();
      pauseOrResume();
    },
    stats() {
      const [live, recorded] = workers;
      return {
        ...counts,
        heldJobs: held.live + held.recorded,
        concurrency: { live: live!.worker.concurrency, recorded: recorded!.worker.concurrency },
      };
    },
    stop() {
      isStopped = true;
      pauseOrResume();
    },
    get isRunning() {
      return workers.some(({ worker }) => worker.isRunning());
    },
    async close() {
      // Closed without force, BullMQ waits for a Redis that is away for ever, and its timers keep the process alive.
      await Promise.all(workers.map(({ worker }) => worker.close(true)));
    },
  };
}

/** False also for what nests so deeply that it cannot be written out. */
function isSmall(data: unknown): boolean {
  try {
    return Buffer.byteLength(JSON.stringify(data)) <= FAILED_BYTES;
  } catch {
    return false;
  }
}
