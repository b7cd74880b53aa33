import fc from 'fast-check';
import { createLumaGrid } from '../../../operators/motion/luma-grid';

describe('the luma grid', () => {
  it('holds the mean of each cell of the content, whatever lies beyond it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 0, max: 9 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
        (width, height, padding, levels) => {
          const stride = width + padding;
          const pixels = Uint8Array.from(
            { length: stride * (height + padding) },
            () => levels.next().value as number,
          );
          const grid = createLumaGrid({ width, height }, stride);
          grid.measure(pixels);
          grid.measure(pixels);
          expect([grid.columns, grid.rows]).toEqual([Math.ceil(width / 4), Math.ceil(height / 4)]);
          for (const [cell, mean] of grid.means.entries()) {
            const [left, top] = [(cell % grid.columns) * 4, Math.floor(cell / grid.columns) * 4];
            const inside: number[] = [];
            for (let y = top; y < Math.min(top + 4, height); y++)
              for (let x = left; x < Math.min(left + 4, width); x++) inside.push(pixels[y * stride + x]!);
            expect(mean).toBeCloseTo(inside.reduce((sum, level) => sum + level, 0) / inside.length, 3);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
