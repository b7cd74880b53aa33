import { MAX_JOB_FRAMES, PROTOCOL, parseJob } from '../../../workers/wire/job';

const frame = {
  ...{ camera: 'door', epoch: 0, seq: 1, attempt: 1, width: 640, height: 480 },
  pixels: { store: 'redis', number: 1 },
};
const job = { v: PROTOCOL, producer: 'producer-a-1-ff', frames: [frame] };

describe('parseJob', () => {
  it('takes what a producer sends', () => {
    expect(parseJob(job)).toEqual(job);
    const ring = { store: 'shm', ring: 'sightline-00-1', slot: 0, generation: 1 };
    const full = { ...frame, minScore: 0.2, deadlineMs: 1.5, attempt: 2, pixels: ring };
    expect(parseJob({ ...job, frames: [full] })).toEqual({ ...job, frames: [full] });
  });

  it.each([
    ['nothing', undefined],
    ['another version', { ...job, v: PROTOCOL + 1 }],
    ['a key that is not known', { ...job, extra: 1 }],
    ['no frame', { ...job, frames: [] }],
    ['too many frames', { ...job, frames: Array.from({ length: MAX_JOB_FRAMES + 1 }, () => frame) }],
    ['a producer that would reach another key', { ...job, producer: 'a:b' }],
    ['a camera that is none', { ...job, frames: [{ ...frame, camera: '../x' }] }],
    ['a picture too large to be one', { ...job, frames: [{ ...frame, width: 1e9 }] }],
    [
      'a ring that is a path',
      { ...job, frames: [{ ...frame, pixels: { store: 'shm', ring: '../etc', slot: 0, generation: 1 } }] },
    ],
    ['a store that is none', { ...job, frames: [{ ...frame, pixels: { store: 'http', url: 'x' } }] }],
    ['a second attempt in company', { ...job, frames: [frame, { ...frame, seq: 2, attempt: 2 }] }],
    ['a number that is none', { ...job, frames: [{ ...frame, seq: NaN }] }],
    ['more than 64 KB', { ...job, producer: 'x'.repeat(70_000) }],
  ])('refuses %s', (_what, data) => {
    expect(() => parseJob(data)).toThrow(/^inference: job: expected/);
  });
});
