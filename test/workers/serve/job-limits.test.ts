import { createJobLimiter } from '../../../workers/serve/job-limits';

describe('createJobLimiter', () => {
  const nothing = { jobs: { live: 0, recorded: 0 }, frames: 0 };

  function limiterAfter(frames: number, maxBatch = 8) {
    const limiter = createJobLimiter(maxBatch);
    for (let job = 0; job < 100; job++) limiter.observe(frames);
    return limiter;
  }

  it.each([
    [1, 32],
    [2, 16],
    [4, 8],
    [8, 4],
    [64, 4],
  ])('wants two batches of 8 for each of two processes: of jobs of %i frames, %i', (frames, jobs) => {
    expect(limiterAfter(frames).limits(2, nothing)).toEqual({ live: jobs, recorded: jobs });
  });

  it('takes jobs for full ones until it has seen some', () => {
    expect(createJobLimiter(8).limits(1, nothing).live).toBe(2);
  });

  it('counts the frames at hand as they are, and only those to come by the mean', () => {
    // One job of 8 of 16 frames is here: room for 8 more jobs of a single frame.
    const held = { jobs: { live: 1, recorded: 0 }, frames: 8 };
    expect(limiterAfter(1).limits(1, held)).toEqual({ live: 9, recorded: 8 });
  });

  it('leaves each queue one job a process, however much the other has', () => {
    const full = { jobs: { live: 32, recorded: 0 }, frames: 32 };
    expect(limiterAfter(1).limits(2, full)).toEqual({ live: 32, recorded: 2 });
  });

  it('keeps valid limits while no process is ready', () => {
    expect(limiterAfter(1).limits(0, nothing)).toEqual(limiterAfter(1).limits(1, nothing));
  });
});
