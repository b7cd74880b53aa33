import fc from 'fast-check';
import type { Box, Size } from '../../../models/domain/geometry';
import { boxInCut, cutI420, planCut } from '../../../operators/support/crop-i420';
import { i420ByteLength } from '../../../operators/support/i420-painter';

const SIZE = { width: 96, height: 64 };

/** A picture whose every sample tells its plane and place. */
function ramps({ width, height }: Size): Uint8Array {
  const pixels = new Uint8Array(i420ByteLength({ width, height }));
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) pixels[y * width + x] = x + y;
  const [columns, rows] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  for (const plane of [0, 1]) {
    const start = width * height + plane * columns * rows;
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++) pixels[start + y * columns + x] = plane === 0 ? 2 * x : 2 * y;
  }
  return pixels;
}

describe('planCut', () => {
  it('leaves room around a box, of its longer side, on even corners', () => {
    const { area, to } = planCut({ size: SIZE, box: [40, 20, 50, 40], maxWidth: 640 });
    expect(area).toEqual([36, 16, 54, 44]);
    expect(to).toEqual({ width: 18, height: 28 });
  });

  it('ends at the edge of the picture, also at an odd one', () => {
    expect(planCut({ size: SIZE, box: [0, 0, 20, 20], maxWidth: 640 }).area).toEqual([0, 0, 24, 24]);
    const odd = { width: 97, height: 65 };
    expect(planCut({ size: odd, box: [80, 50, 97, 65], maxWidth: 640 }).area).toEqual([76, 46, 97, 65]);
  });

  it('makes the whole picture as wide as it may be, and never larger', () => {
    expect(planCut({ size: SIZE, maxWidth: 48 })).toEqual({
      area: [0, 0, 96, 64],
      to: { width: 48, height: 32 },
    });
    expect(planCut({ size: SIZE, maxWidth: 640 }).to).toEqual(SIZE);
  });

  it('gives square pixels, without making a side larger', () => {
    expect(planCut({ size: SIZE, sampleAspect: [4, 3], maxWidth: 640 }).to).toEqual({
      width: 96,
      height: 48,
    });
    expect(planCut({ size: SIZE, sampleAspect: [1, 2], maxWidth: 640 }).to).toEqual({
      width: 48,
      height: 64,
    });
  });

  it('holds the box, whatever it is, in a cut of at least a pixel', () => {
    const at = fc.double({ min: -200, max: 300, noNaN: true });
    const size = fc.record({
      width: fc.integer({ min: 2, max: 200 }),
      height: fc.integer({ min: 2, max: 200 }),
    });
    fc.assert(
      fc.property(
        size,
        at,
        at,
        at,
        at,
        fc.integer({ min: 1, max: 300 }),
        (size, x1, y1, width, height, maxWidth) => {
          const box: Box = [x1, y1, x1 + Math.abs(width), y1 + Math.abs(height)];
          const cut = planCut({ size, box, maxWidth });
          const [left, top, right, bottom] = cut.area;
          expect(left % 2 === 0 && top % 2 === 0 && left >= 0 && top >= 0).toBe(true);
          expect(right > left && bottom > top && right <= size.width && bottom <= size.height).toBe(true);
          expect(cut.to.width >= 1 && cut.to.width <= maxWidth && cut.to.height >= 1).toBe(true);
          expect(cutI420(ramps(size), size, cut)).toHaveLength(i420ByteLength(cut.to));
        },
      ),
    );
  });
});

describe('cutI420', () => {
  it('copies the planes of a cut that keeps its size', () => {
    const cut = { area: [10, 20, 30, 36] as const, to: { width: 20, height: 16 } };
    const pixels = cutI420(ramps(SIZE), SIZE, cut);
    expect([pixels[0], pixels[19], pixels[15 * 20 + 19]]).toEqual([30, 49, 64]);
    expect([pixels[320], pixels[320 + 9], pixels[320 + 79]]).toEqual([10, 28, 28]);
    expect([pixels[400], pixels[400 + 9], pixels[400 + 79]]).toEqual([20, 20, 34]);
  });

  it('makes a picture smaller by the mean of what was there', () => {
    const cut = planCut({ size: SIZE, maxWidth: 24 });
    const pixels = cutI420(ramps(SIZE), SIZE, cut);
    // Means of 4 x 4 of x + y: 3 at the corner, 12 more at the third.
    expect([pixels[0], pixels[3], pixels[3 * 24]]).toEqual([3, 15, 15]);
  });

  it('has the box where the object is', () => {
    const size = { width: 200, height: 100 };
    const pixels = new Uint8Array(i420ByteLength(size)).fill(128);
    const box: Box = [120, 30, 160, 70];
    for (let y = 30; y < 70; y++) pixels.fill(230, y * 200 + 120, y * 200 + 160);
    for (const [choices, maxWidth] of [[{ box }, 640] as const, [{}, 100] as const]) {
      const cut = planCut({ size, maxWidth, ...choices });
      const copy = cutI420(pixels, size, cut);
      const [x1, y1, x2, y2] = boxInCut(box, cut);
      for (let y = 0; y < cut.to.height; y++) {
        for (let x = 0; x < cut.to.width; x++) {
          const isInside = x >= x1 && x < x2 && y >= y1 && y < y2;
          expect(copy[y * cut.to.width + x]).toBe(isInside ? 230 : 128);
        }
      }
    }
  });
});
