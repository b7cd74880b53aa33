import type { SourceMode } from '../../models/domain/frame';
import { MAX_JOB_FRAMES } from '../wire/job';
import type { WorkerHeartbeat } from '../wire/heartbeat';

/** Batches an inference process should find waiting for it, the one in work included. */
const BATCHES_PER_PROCESS = 2;

/** Two jobs of so many are what one recording has out by default. */
const RECORDED_JOB_FRAMES = 8;

/** What of the workers is for one process that sends frames. */
export interface Capacity {
  readonly workers: number;
  /** Inference processes that are ready, of all workers. */
  readonly processes: number;
  /** Jobs this process may have out at once. */
  readonly jobs: number;
  /** Frames it may have out at once. */
  readonly frames: number;
  /**
   * Most frames of a job. Live: what one run of a detector takes, since a frame is answered with its job. Recorded: enough for
   * the processes of a worker together, since a job costs what it costs however large it is.
   */
  readonly jobFrames: Readonly<Record<SourceMode, number>>;
  /** True when every worker can open frame rings of this host. */
  readonly isLocal: boolean;
}

export const NO_CAPACITY: Capacity = {
  workers: 0,
  processes: 0,
  jobs: 0,
  frames: 0,
  jobFrames: { live: 1, recorded: 1 },
  isLocal: false,
};

/**
 * The part of the workers' capacity that is due to one of `producers` processes: two batches an inference process in all, so that
 * each finds its next batch when it is done with one, and at least one job for each.
 */
export function capacityOf(
  workers: readonly WorkerHeartbeat[],
  producers: number,
  hostToken: string,
): Capacity {
  const serving = workers.filter(({ processes, isLeaving }) => processes > 0 && !isLeaving);
  if (serving.length === 0) return NO_CAPACITY;
  const sharers = Math.max(1, producers);
  const sum = (amount: (worker: WorkerHeartbeat) => number) =>
    serving.reduce((total, worker) => total + amount(worker), 0);
  const processes = sum((worker) => worker.processes);
  const frames = sum((worker) => worker.processes * worker.maxBatch);
  const maxBatch = Math.min(MAX_JOB_FRAMES, Math.max(...serving.map((worker) => worker.maxBatch)));
  const leastProcesses = Math.min(...serving.map((worker) => worker.processes));
  const recorded = Math.max(maxBatch, Math.min(RECORDED_JOB_FRAMES, maxBatch * leastProcesses));
  return {
    workers: serving.length,
    processes,
    jobs: Math.ceil((processes * BATCHES_PER_PROCESS) / sharers),
    frames: Math.max(recorded, Math.ceil((frames * BATCHES_PER_PROCESS) / sharers)),
    jobFrames: { live: maxBatch, recorded },
    isLocal: serving.every((worker) => worker.hostToken === hostToken),
  };
}
