import type { Registry } from 'prom-client';
import type { QueueStats } from '../workers/queue/queue-types';
import { createStatsMetrics } from './stats-metrics';

/** Exports what a queue port has done and sees of its workers. */
export function watchQueue(registry: Registry, stats: () => QueueStats): void {
  const { gauge, counter, counters } = createStatsMetrics(registry, stats);
  gauge('sightline_queue_workers', 'Living workers of this model.', ({ capacity }) => capacity.workers);
  gauge(
    'sightline_queue_processes',
    'Their inference processes that are ready.',
    ({ capacity }) => capacity.processes,
  );
  gauge('sightline_queue_in_flight_frames', 'Frames sent and not settled.', ({ inFlight }) => inFlight);
  gauge('sightline_queue_ring_bytes', 'Size of the shared-memory ring.', ({ ringBytes }) => ringBytes);
  counter('sightline_queue_jobs_total', 'Jobs sent.', ({ sentJobs }) => sentJobs);
  counter('sightline_queue_retries_total', 'Attempts of frames after the first.', ({ retries }) => retries);
  counter(
    'sightline_queue_late_replies_total',
    'Answers to frames settled before.',
    ({ lateReplies }) => lateReplies,
  );
  counter(
    'sightline_queue_poison_frames_total',
    'Frames given up as poison.',
    ({ poisonFrames }) => poisonFrames,
  );
  counters(
    'sightline_queue_frames_total',
    'Frames sent, by where their pixels were put.',
    'store',
    (each) => ({
      redis: each.redisFrames,
      shm: each.shmFrames,
    }),
  );
}
