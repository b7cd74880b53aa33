import { createSegmenter } from '../../../operators/sources/segmenter';
import type { SegmentSample } from '../../../operators/sources/segmenter';
import type { SourceMode } from '../../../models/domain/frame';

const size = { width: 640, height: 480 };

function run(mode: SourceMode, samples: readonly (Partial<SegmentSample> | 'restart' | 'loop')[]): string[] {
  const segmenter = createSegmenter({ mode, firstEpoch: 0, resumeWindowMs: 5000 });
  const seen: string[] = [];
  let arrivedMs = 0;
  for (const sample of samples) {
    if (sample === 'restart' || sample === 'loop') segmenter.restart(sample === 'restart');
    else {
      arrivedMs = sample.arrivedMs ?? arrivedMs + 100;
      const { epoch, isResumed } = segmenter.next({ ptsMs: 0, size, ...sample, arrivedMs });
      seen.push(`${epoch}${isResumed ? ' resumed' : ''}`);
    }
  }
  return seen;
}

describe('createSegmenter', () => {
  it.each<[string, SourceMode, readonly (Partial<SegmentSample> | 'restart' | 'loop')[], string[]]>([
    ['steady pts are one segment', 'live', [{ ptsMs: 0 }, { ptsMs: 100 }, { ptsMs: 200 }], ['0', '0', '0']],
    ['a step of 2 s is still one', 'live', [{ ptsMs: 0 }, { ptsMs: 2000 }], ['0', '0']],
    ['a longer step begins one that goes on', 'live', [{ ptsMs: 0 }, { ptsMs: 2001 }], ['0', '1 resumed']],
    [
      'ten intervals of a slow camera are no gap',
      'live',
      [{ ptsMs: 0 }, { ptsMs: 1000 }, { ptsMs: 2000 }, { ptsMs: 9000 }],
      ['0', '0', '0', '0'],
    ],
    [
      'a backward jump of a camera goes on by wall time',
      'live',
      [{ ptsMs: 9000 }, { ptsMs: 10 }],
      ['0', '1 resumed'],
    ],
    ['a backward jump of a file ends tracks', 'recorded', [{ ptsMs: 9000 }, { ptsMs: 10 }], ['0', '1']],
    ['pts that stand still begin one', 'recorded', [{ ptsMs: 10 }, { ptsMs: 10 }], ['0', '1']],
    ['a short gap of a file goes on', 'recorded', [{ ptsMs: 0 }, { ptsMs: 4000 }], ['0', '1 resumed']],
    ['a long gap of a file does not', 'recorded', [{ ptsMs: 0 }, { ptsMs: 6000 }], ['0', '1']],
    [
      'a decoder that came back soon goes on',
      'live',
      [{ ptsMs: 0 }, 'restart', { ptsMs: 100 }],
      ['0', '1 resumed'],
    ],
    [
      'one that came back late does not',
      'live',
      [{ ptsMs: 0 }, 'restart', { ptsMs: 100, arrivedMs: 9000 }],
      ['0', '1'],
    ],
    ['a file that starts again is another scene', 'live', [{ ptsMs: 900 }, 'loop', { ptsMs: 0 }], ['0', '1']],
    [
      'another picture size ends tracks',
      'live',
      [{ ptsMs: 0 }, { ptsMs: 100, size: { width: 320, height: 240 } }],
      ['0', '1'],
    ],
  ])('%s', (_name, mode, samples, expected) => {
    expect(run(mode, samples)).toEqual(expected);
  });
});
