import { PipelineError } from '../../../models/domain/errors';
import { loadManifest } from '../../../models/efficientvit/manifest';
import type { Measured } from '../../../pipeline/benchmark/compare';
import { benchmarkRows, quantile } from '../../../pipeline/benchmark/rows';

const manifest = loadManifest('efficientvit-b0-416x256');

async function candidate(batch: number) {
  return { manifest: await manifest, provider: 'cpu', batch, threads: 1 };
}

/** A stretch whose batches took so long a frame, a tenth of it in post-processing. */
const stretch = (...frameMs: readonly number[]) => ({
  frameMs,
  graphMs: frameMs.map((time) => time * 0.9),
  frames: frameMs.length * 2,
  elapsedMs: frameMs.reduce((sum, time) => sum + time * 2, 0),
});

async function measured(
  batch: number,
  ...stretches: readonly ReturnType<typeof stretch>[]
): Promise<Measured> {
  return {
    candidate: await candidate(batch),
    stretches,
    memoryBytes: undefined,
    runtime: 'onnxruntime 1.30.0',
  };
}

describe('quantile', () => {
  it('takes what lies between two values in proportion', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([10, 20, 30], 0.9)).toBeCloseTo(28, 12);
    expect(quantile([7], 0.1)).toBe(7);
  });
});

describe('benchmarkRows', () => {
  it('compares round by round, so that a round in which all was slow changes no ratio', async () => {
    const [first, second] = benchmarkRows([
      await measured(1, stretch(10, 10), stretch(40, 40), stretch(10, 10)),
      await measured(2, stretch(8, 8), stretch(32, 32), stretch(8, 8)),
    ]);
    expect([first, second]).toEqual([
      expect.objectContaining({ batch: 1, ratio: 1, batches: 6, memoryBytes: null }),
      expect.objectContaining({ batch: 2, ratio: expect.closeTo(0.8) }),
    ]);
  });

  it('tells the middle time and its parts, and frames a second by the wall clock', async () => {
    const [row] = benchmarkRows([await measured(2, stretch(10, 20, 30), stretch(20, 20))]);
    expect(row).toMatchObject({
      model: 'efficientvit-b0-416x256',
      input: '416x256',
      msPerFrame: { median: 20, p10: expect.closeTo(14), p90: expect.closeTo(26) },
      graphMs: expect.closeTo(18),
      postprocessMs: expect.closeTo(2),
      framesPerSecond: expect.closeTo(50),
    });
  });

  it('compares with the first that could be measured', async () => {
    const unavailable = new PipelineError('model', 'no such device');
    const rows = benchmarkRows([
      { candidate: await candidate(1), unavailable },
      await measured(2, stretch(8)),
      await measured(4, stretch(16)),
    ]);
    expect(rows).toEqual([
      expect.objectContaining({ batch: 1, unavailable: 'model: no such device' }),
      expect.objectContaining({ batch: 2, ratio: 1 }),
      expect.objectContaining({ batch: 4, ratio: 2 }),
    ]);
  });
});
