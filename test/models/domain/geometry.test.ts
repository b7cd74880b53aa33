import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { boxArea, boxIou, clipBox, fitInside } from '../../../models/domain/geometry';
import type { Box } from '../../../models/domain/geometry';
import { decodeArgs } from '../../../operators/sources/ffmpeg-args';

const side = fc.integer({ min: -100, max: 3000 });
const box = fc.tuple(side, side, side, side) as fc.Arbitrary<Box>;

describe('boxArea', () => {
  it('is 0 for empty and inverted boxes', () => {
    expect([boxArea([0, 0, 2, 3]), boxArea([1, 1, 1, 5]), boxArea([5, 5, 1, 1])]).toEqual([6, 0, 0]);
  });
});

describe('boxIou', () => {
  it.each<[string, Box, Box, number]>([
    ['the same box', [0, 0, 4, 4], [0, 0, 4, 4], 1],
    ['half over', [0, 0, 4, 4], [2, 0, 6, 4], 1 / 3],
    ['one within the other', [0, 0, 4, 4], [1, 1, 3, 3], 1 / 4],
    ['touching sides', [0, 0, 4, 4], [4, 0, 8, 4], 0],
    ['apart', [0, 0, 1, 1], [5, 5, 6, 6], 0],
    ['an empty box', [0, 0, 0, 0], [0, 0, 4, 4], 0],
  ])('is right for %s', (_name, a, b, iou) => {
    expect(boxIou(a, b)).toBeCloseTo(iou, 12);
  });

  it('is symmetric and lies between 0 and 1, whatever the boxes', () => {
    fc.assert(
      fc.property(box, box, (a, b) => {
        const iou = boxIou(a, b);
        expect(iou).toBe(boxIou(b, a));
        expect(iou >= 0 && iou <= 1).toBe(true);
      }),
    );
  });
});

describe('clipBox', () => {
  it('moves every corner inside the picture and changes nothing that is inside', () => {
    const size = { width: 640, height: 480 };
    fc.assert(
      fc.property(box, (some) => {
        const [x1, y1, x2, y2] = clipBox(some, size);
        expect([x1, x2].every((x) => x >= 0 && x <= 640) && [y1, y2].every((y) => y >= 0 && y <= 480)).toBe(
          true,
        );
        expect(clipBox([x1, y1, x2, y2], size)).toEqual([x1, y1, x2, y2]);
      }),
    );
  });
});

describe('fitInside', () => {
  const input = { width: 416, height: 256 };

  /** The size that the installed FFmpeg scales a picture to with the filter of the decoder. */
  function scaledByFfmpeg(width: number, height: number) {
    const { filter } = decodeArgs({ kind: 'file', location: '/', version: [5, 1], input });
    const scale = /scale=[^,]*(?:,[^,]*)*?out_range=limited/.exec(filter)![0];
    const source = [
      '-f',
      'rawvideo',
      '-pix_fmt',
      'yuv420p',
      '-s',
      `${width}x${height}`,
      '-i',
      '/dev/zero',
      '-frames:v',
      '1',
    ];
    const output = ['-vf', scale, '-f', 'null', '-'];
    const log = execFileSync(
      'sh',
      ['-c', 'exec ffmpeg "$@" 2>&1', 'sh', '-hide_banner', ...source, ...output],
      {
        encoding: 'utf8',
      },
    );
    const [, scaledWidth, scaledHeight] = /Output #0[\s\S]*?, (\d+)x(\d+)/.exec(log) ?? [];
    return { width: Number(scaledWidth), height: Number(scaledHeight) };
  }

  it.each([
    [768, 576],
    [1920, 1080],
    [1080, 1920],
    [4096, 2160],
    [101, 75],
    [2, 2],
    [333, 777],
    [416, 290],
    [4096, 8],
    [3, 1000],
  ])('agrees with FFmpeg for %dx%d', (width, height) => {
    expect(fitInside({ width, height }, input)).toEqual(scaledByFfmpeg(width, height));
  });

  it('never exceeds the input and has even sides, whatever the size of a camera', () => {
    const length = fc.integer({ min: 16, max: 8192 });
    fc.assert(
      fc.property(length, length, (width, height) => {
        fc.pre(width / height < 100 && height / width < 100);
        const fitted = fitInside({ width, height }, input);
        expect(fitted.width <= input.width && fitted.height <= input.height).toBe(true);
        expect([fitted.width % 2, fitted.height % 2]).toEqual([0, 0]);
      }),
    );
  });
});
