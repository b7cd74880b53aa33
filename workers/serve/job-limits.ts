import type { SourceMode } from '../../models/domain/frame';

/** Batches an inference process should find here: one in work, and one to go on with. More would be kept from other workers. */
const BATCHES_PER_PROCESS = 2;

/** Weight of the newest job in the mean of frames. */
const NEWEST = 0.1;

/** How many jobs of each mode a worker may hold. */
export type JobLimits = Readonly<Record<SourceMode, number>>;

/** What a worker holds now. */
export interface Held {
  readonly jobs: JobLimits;
  /** Frames of all of them. */
  readonly frames: number;
}

/** Jobs to hold, by the frames that jobs had lately. */
export interface JobLimiter {
  /** A job of so many frames came. */
  observe(frames: number): void;
  /** Limits while so many inference processes are ready. */
  limits(processes: number, held: Held): JobLimits;
}

/**
 * Aims at two batches of frames an inference process: by the frames of the jobs at hand, and by the mean of frames for those to
 * come. The queue of each mode may take what the other leaves, and has one job a process in any case: neither waits for
 * the other.
 */
export function createJobLimiter(maxBatch: number): JobLimiter {
  // Jobs are taken for full ones until seen: too few are fetched for a moment rather than too many.
  let meanFrames = maxBatch;

  return {
    observe(frames) {
      meanFrames += NEWEST * (frames - meanFrames);
    },
    limits(processes, { jobs, frames }) {
      const places = Math.max(1, processes);
      const batches = places * BATCHES_PER_PROCESS;
      const more = Math.max(0, Math.ceil((batches * maxBatch - frames) / meanFrames));
      const total = Math.min(Math.max(jobs.live + jobs.recorded + more, batches), batches * maxBatch);
      return {
        live: Math.max(places, total - jobs.recorded),
        recorded: Math.max(places, total - jobs.live),
      };
    },
  };
}
