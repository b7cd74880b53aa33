import type { Outcome } from '../../../models/domain/observation';
import { createJobServer, kindOf } from '../../../workers/serve/job-server';
import { pixelsOf } from '../../../workers/serve/pixels';
import type { FetchedPixels } from '../../../workers/serve/pixel-fetcher';
import { jobFrame } from './worker-fixture';

describe('createJobServer', () => {
  const fetched: Record<number, FetchedPixels> = {
    1: { kind: 'missing' },
    3: pixelsOf(new Uint8Array(6)),
  };

  function start(isLeaving = false) {
    const asked: number[] = [];
    const serve = createJobServer({
      pixels: {
        fetch(_producer, frames) {
          asked.push(...frames.map(({ seq }) => seq));
          return Promise.resolve(frames.map(({ seq }) => fetched[seq]!));
        },
        stats: () => ({ redisFrames: 0, shmFrames: 0 }),
      },
      cameras: { detect: () => Promise.resolve({ kind: 'detected', detections: [] }) },
      redisNowMs: () => 1000,
      isLeaving: () => isLeaving,
    });
    const frames = [
      jobFrame(0, { store: 'redis', number: 0 }, { deadlineMs: 999 }),
      jobFrame(1, { store: 'redis', number: 1 }, { deadlineMs: 1000 }),
      jobFrame(2, { store: 'redis', number: 2 }, { deadlineMs: 1 }),
      jobFrame(3, { store: 'redis', number: 3 }),
    ];
    return { asked, answers: serve({ v: 2, producer: 'p', frames }) };
  }

  it('answers each frame in order, and does not fetch what is too late', async () => {
    const { asked, answers } = start();
    expect((await answers).map(({ seq, kind }) => [seq, kind])).toEqual([
      [0, 'expired'],
      [1, 'missing'],
      [2, 'expired'],
      [3, 'detected'],
    ]);
    expect(asked).toEqual([1, 3]);
  });

  it('gives all back once the worker is leaving', async () => {
    const { asked, answers } = start(true);
    expect((await answers).map(({ kind }) => kind)).toEqual(new Array(4).fill('returned'));
    expect(asked).toEqual([]);
  });

  it.each<[Outcome, string]>([
    [{ kind: 'detected', detections: [] }, 'detected'],
    [{ kind: 'expired' }, 'expired'],
    [{ kind: 'dropped', reason: 'overwritten' }, 'overwritten'],
    [{ kind: 'dropped', reason: 'unreachable' }, 'unreachable'],
    [{ kind: 'dropped', reason: 'stopped' }, 'returned'],
    [{ kind: 'failed', code: 'worker_lost' }, 'lost'],
    [{ kind: 'failed', code: 'inference' }, 'refused'],
  ])('calls %j %s', (outcome, kind) => {
    expect(kindOf(outcome)).toBe(kind);
  });
});
