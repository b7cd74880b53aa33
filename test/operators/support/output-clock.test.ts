import { createOutputClock } from '../../../operators/support/output-clock';

const times = (frames: readonly (readonly [epoch: number, ptsMs: number])[], ticksPerMs = 360) => {
  const clock = createOutputClock(ticksPerMs);
  return frames.map(([epoch, ptsMs]) => clock.next({ ptsMs, segment: { epoch, isResumed: false } }));
};

describe('createOutputClock', () => {
  it('begins at 0 and keeps the distances of pts', () => {
    expect(
      times(
        [
          [0, 5000],
          [0, 5100],
          [0, 5350],
        ],
        1,
      ),
    ).toEqual([0, 100, 350]);
  });

  it('gives frames of a constant rate a constant distance', () => {
    const ticks = times(Array.from({ length: 200 }, (_, i) => [0, (i * 1001) / 30] as const));
    expect(ticks.every((value, i) => value === i * 12012)).toBe(true);
  });

  it('lets a new segment follow one interval later, whether its pts restart or jump', () => {
    expect(
      times(
        [
          [0, 0],
          [0, 100],
          [1, 0],
          [1, 50],
          [2, 99_000],
          [2, 99_050],
        ],
        1,
      ),
    ).toEqual([0, 100, 200, 250, 300, 350]);
  });

  it('takes 40 ms for the interval of a lone frame', () => {
    expect(
      times(
        [
          [0, 7],
          [1, 7],
        ],
        1,
      ),
    ).toEqual([0, 40]);
  });

  it('grows even where pts do not', () => {
    expect(
      times(
        [
          [0, 0],
          [0, 0.1],
          [0, 0.2],
          [0, 0.2],
        ],
        1,
      ),
    ).toEqual([0, 1, 2, 3]);
  });
});
