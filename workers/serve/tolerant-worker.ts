import { Worker } from 'bullmq';
import type { Job, JobJson } from 'bullmq';

/**
 * A BullMQ worker to which a job whose data are no JSON is one without data. Worker 6.7 itself throws while it fetches such a
 * job, which then is fetched again each time its lock has run out, for ever.
 */
export class TolerantWorker extends Worker<unknown> {
  protected override createJob(json: JobJson, jobId: string): Job<unknown> {
    try {
      return super.createJob(json, jobId);
    } catch {
      return super.createJob({ ...json, data: 'null', opts: {} }, jobId);
    }
  }
}
