import type { Registry } from 'prom-client';
import type { WorkerStats } from '../workers/serve/serve-types';
import { createStatsMetrics } from './stats-metrics';

/**
 * Exports what a worker has done. `rate(sightline_worker_busy_seconds_total) / sightline_worker_processes` is the part of the
 * time in which its inference processes work: near 1, more workers are needed.
 */
export function watchWorker(registry: Registry, stats: () => WorkerStats): void {
  const { gauge, counter, counters } = createStatsMetrics(registry, stats);
  gauge('sightline_worker_processes', 'Inference processes that are ready.', (each) => each.readyProcesses);
  gauge('sightline_worker_held_frames', 'Frames of jobs not answered yet.', (each) => each.heldFrames);
  counter(
    'sightline_worker_busy_seconds_total',
    'Time inside the detector, of all processes.',
    (each) => each.busyMs / 1000,
  );
  counter('sightline_worker_jobs_total', 'Jobs begun, refused ones included.', (each) => each.jobs);
  counter(
    'sightline_worker_refused_jobs_total',
    'Jobs that were none of this protocol.',
    (each) => each.refusedJobs,
  );
  counter(
    'sightline_worker_lost_replies_total',
    'Frames whose answer could not be delivered.',
    (each) => each.lostReplies,
  );
  counters(
    'sightline_worker_frames_total',
    'Frames answered, by what became of them.',
    'outcome',
    (each) => each.replies,
  );
  counters('sightline_worker_pixels_total', 'Frames by where their pixels came from.', 'store', (each) => ({
    redis: each.redisFrames,
    shm: each.shmFrames,
  }));
}
