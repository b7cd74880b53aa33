import { NO_CAPACITY, capacityOf } from '../../../workers/queue/capacity';
import type { WorkerHeartbeat } from '../../../workers/wire/heartbeat';

const HERE = '0123456789abcdef';

function worker(choices: Partial<WorkerHeartbeat> = {}): WorkerHeartbeat {
  return {
    ...{
      v: 2,
      atMs: 0,
      host: 'gpu1',
      hostToken: HERE,
      model: 'm',
      fingerprint: 'a'.repeat(64),
      provider: 'cpu',
    },
    ...{ processes: 2, maxBatch: 4, busyRatio: 0, isLeaving: false },
    ...choices,
  };
}

describe('capacityOf', () => {
  it('is two batches for each inference process, of which at least one job is for every producer', () => {
    const workers = [worker(), worker({ processes: 1, maxBatch: 8 })];
    expect(capacityOf(workers, 1, HERE)).toEqual({
      ...{
        workers: 2,
        processes: 3,
        jobs: 6,
        frames: 32,
        jobFrames: { live: 8, recorded: 8 },
        isLocal: true,
      },
    });
    expect(capacityOf(workers, 4, HERE)).toMatchObject({ jobs: 2, frames: 8 });
    expect(capacityOf(workers, 100, HERE)).toMatchObject({ jobs: 1, frames: 8 });
    expect(capacityOf(workers, 0, HERE)).toMatchObject({ jobs: 6 });
  });

  it('leaves out workers that are leaving and those without a process', () => {
    expect(capacityOf([worker({ isLeaving: true }), worker({ processes: 0 })], 1, HERE)).toBe(NO_CAPACITY);
    expect(capacityOf([worker(), worker({ isLeaving: true })], 1, HERE)).toMatchObject({
      workers: 1,
      jobs: 4,
    });
  });

  it('makes jobs of recordings large enough for the processes of the smallest worker, up to eight frames', () => {
    const jobFrames = (...workers: WorkerHeartbeat[]) => capacityOf(workers, 1, HERE).jobFrames;
    expect(jobFrames(worker())).toEqual({ live: 4, recorded: 8 });
    expect(jobFrames(worker({ processes: 16 }))).toEqual({ live: 4, recorded: 8 });
    expect(jobFrames(worker({ processes: 16 }), worker({ processes: 1 }))).toEqual({ live: 4, recorded: 4 });
    expect(jobFrames(worker({ processes: 1, maxBatch: 16 }))).toEqual({ live: 16, recorded: 16 });
  });

  it('is local only while every worker that serves is', () => {
    const elsewhere = worker({ hostToken: 'f'.repeat(16) });
    expect(capacityOf([worker(), elsewhere], 1, HERE).isLocal).toBe(false);
    expect(capacityOf([worker(), { ...elsewhere, isLeaving: true }], 1, HERE).isLocal).toBe(true);
  });
});
