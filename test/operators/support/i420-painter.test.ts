import fc from 'fast-check';
import { createI420Painter, i420ByteLength } from '../../../operators/support/i420-painter';
import type { Yuv } from '../../../operators/support/i420-painter';
import type { Size } from '../../../models/domain/geometry';

const COLOUR: Yuv = [100, 50, 200];

function draw(size: Size, paint: (painter: ReturnType<typeof createI420Painter>) => void): Uint8Array {
  const pixels = new Uint8Array(i420ByteLength(size));
  paint(createI420Painter(pixels, size));
  return pixels;
}

/** Luma rows as text: `#` where something was drawn. */
function lumaRows(pixels: Uint8Array, { width, height }: Size): string[] {
  return Array.from({ length: height }, (_, y) =>
    Array.from(pixels.subarray(y * width, (y + 1) * width), (value) => (value === 0 ? '.' : '#')).join(''),
  );
}

describe('createI420Painter', () => {
  it.each([
    [{ width: 4, height: 2 }, 12],
    [{ width: 101, height: 75 }, 101 * 75 + 2 * 51 * 38],
    [{ width: 1, height: 1 }, 3],
  ])('knows the size of an I420 picture of %j', (size, bytes) => {
    expect(i420ByteLength(size)).toBe(bytes);
  });

  it('refuses planes that are not of the picture it was told', () => {
    expect(() => createI420Painter(new Uint8Array(11), { width: 4, height: 2 })).toThrow(
      'I420 picture of 4x2: expected 12 bytes, got 11',
    );
  });

  it('draws an outline whose outer edges are the rectangle', () => {
    const size = { width: 8, height: 7 };
    const pixels = draw(size, (painter) => painter.outline(1, 1, 7, 6, 1, COLOUR));
    expect(lumaRows(pixels, size)).toEqual([
      '........',
      '.######.',
      '.#....#.',
      '.#....#.',
      '.#....#.',
      '.######.',
      '........',
    ]);
  });

  it('fills an outline that is thinner than its two lines', () => {
    const size = { width: 6, height: 4 };
    const pixels = draw(size, (painter) => painter.outline(1, 1, 4, 3, 3, COLOUR));
    expect(lumaRows(pixels, size)).toEqual(['......', '.###..', '.###..', '......']);
  });

  it('colours each chroma sample that a rectangle touches', () => {
    const size = { width: 6, height: 4 };
    const pixels = draw(size, (painter) => painter.fill(1, 2, 4, 3, COLOUR));
    expect([...pixels.subarray(24, 30)]).toEqual([0, 0, 0, 50, 50, 0]);
    expect([...pixels.subarray(30)]).toEqual([0, 0, 0, 200, 200, 0]);
  });

  it('draws text at a whole-numbered scale and clips it', () => {
    const size = { width: 16, height: 9 };
    const pixels = draw(size, (painter) => painter.text(0, 0, 'T-', 1, 255));
    expect(lumaRows(pixels, size).slice(0, 5)).toEqual([
      '#####...........',
      '..#.............',
      '..#.............',
      '..#...#####.....',
      '..#.............',
    ]);
    expect(pixels.subarray(16 * 9).every((value) => value === 0)).toBe(true);
    expect(() => draw(size, (painter) => painter.text(-20, -5, 'clipped text', 3, 255))).not.toThrow();
  });

  it('changes exactly the pixels inside the rectangle and the picture, wherever it lies', () => {
    const side = fc.integer({ min: 1, max: 80 });
    const at = fc.integer({ min: -90, max: 170 });
    fc.assert(
      fc.property(side, side, at, at, at, at, (width, height, x1, y1, x2, y2) => {
        const pixels = draw({ width, height }, (painter) => painter.fill(x1, y1, x2, y2, COLOUR));
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const isInside = x >= x1 && x < x2 && y >= y1 && y < y2;
            if ((pixels[y * width + x] !== 0) !== isInside) return false;
          }
        }
        return true;
      }),
      { numRuns: 50 },
    );
  });
});
