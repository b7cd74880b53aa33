import fc from 'fast-check';
import type { Polygon } from '../../../models/domain/polygon';
import { coveredRanges } from '../../../operators/support/polygon-raster';
import type { RasterGrid } from '../../../operators/support/polygon-raster';
import { isInside, isTouched, starPolygon } from '../../support/polygons';

const gridOf = (width: number, height: number, margin: readonly [number, number] = [0, 0]): RasterGrid => ({
  columns: width,
  rows: height,
  stride: width,
  unit: [width, height],
  margin,
});

/** One byte a sample, 1 where it is covered. */
function covered(polygons: readonly Polygon[], grid: RasterGrid): Uint8Array {
  const samples = new Uint8Array(grid.stride * grid.rows);
  const ranges = coveredRanges(polygons, grid);
  for (let index = 0; index < ranges.length; index += 2) samples.fill(1, ranges[index], ranges[index + 1]);
  return samples;
}

function drawn(polygons: readonly Polygon[], grid: RasterGrid): string[] {
  const samples = covered(polygons, grid);
  return Array.from({ length: grid.rows }, (_, row) =>
    [...samples.subarray(row * grid.stride, (row + 1) * grid.stride)].map((each) => '.#'[each]).join(''),
  );
}

const rectangle = (left: number, top: number, right: number, bottom: number): Polygon => [
  [left, top],
  [right, top],
  [right, bottom],
  [left, bottom],
];

describe('coveredRanges', () => {
  it('covers a rectangle on borders of samples, and no sample that it only adjoins', () => {
    expect(drawn([rectangle(0.25, 0.5, 0.75, 0.75)], gridOf(8, 4))).toEqual([
      '........',
      '........',
      '..####..',
      '........',
    ]);
  });

  it('covers each sample that a rectangle enters, however little', () => {
    expect(drawn([rectangle(0.24, 0.49, 0.76, 0.76)], gridOf(8, 4))).toEqual([
      '........',
      '.######.',
      '.######.',
      '.######.',
    ]);
  });

  it('adds the margin on all sides, as far as there are samples', () => {
    expect(drawn([rectangle(0, 0.5, 0.25, 0.75)], gridOf(8, 4, [2, 1]))).toEqual([
      '........',
      '####....',
      '####....',
      '####....',
    ]);
  });

  it('covers a square without the bite that was taken out of it', () => {
    const notched: Polygon = [
      [0, 0],
      [1, 0],
      [1, 1],
      [0.5, 0.5],
      [0, 1],
    ];
    expect(drawn([notched], gridOf(8, 4))).toEqual(['########', '########', '########', '##....##']);
  });

  it('fills a polygon that crosses itself, also where it overlaps', () => {
    const star: Polygon = [0, 2, 4, 1, 3].map((corner) => {
      const angle = (2 * Math.PI * corner) / 5;
      return [0.5 + 0.5 * Math.sin(angle), 0.5 - 0.5 * Math.cos(angle)] as const;
    });
    const bowTie: Polygon = [
      [0, 0],
      [1, 1],
      [1, 0],
      [0, 1],
    ];
    expect(covered([star], gridOf(20, 20))[10 * 20 + 10]).toBe(1);
    expect(drawn([bowTie], gridOf(4, 4))).toEqual(['#..#', '####', '####', '#..#']);
  });

  it('covers nothing where there is no inside, and what it passes once there is a margin', () => {
    const line: Polygon = [
      [0.5, 0.5],
      [0.5, 0.5],
      [0.5, 0.5],
    ];
    expect(drawn([], gridOf(4, 2))).toEqual(['....', '....']);
    expect(drawn([line], gridOf(4, 2))).toEqual(['....', '....']);
    expect(drawn([line], gridOf(4, 2, [1, 1]))).toEqual(['.##.', '.##.']);
  });

  it('gives ranges that are ascending and apart, as few as there can be', () => {
    const whole = rectangle(0, 0, 1, 1);
    expect([...coveredRanges([whole, rectangle(0.2, 0.2, 0.4, 0.4)], gridOf(100, 50))]).toEqual([0, 5000]);
    const apart = [rectangle(0.5, 0, 1, 1), rectangle(0, 0, 0.25, 1), rectangle(0.125, 0, 0.25, 1)];
    expect([...coveredRanges(apart, gridOf(8, 2))]).toEqual([0, 2, 4, 10, 12, 16]);
  });

  const side = fc.integer({ min: 1, max: 40 });
  const margin = fc.double({ min: 0, max: 3, noNaN: true });

  it('covers every sample whose centre lies within', () => {
    fc.assert(
      fc.property(starPolygon, starPolygon, side, side, (one, other, width, height) => {
        const samples = covered([one, other], gridOf(width, height));
        for (let row = 0; row < height; row++) {
          for (let column = 0; column < width; column++) {
            const centre = [(column + 0.5) / width, (row + 0.5) / height] as const;
            if ((isInside(centre, one) || isInside(centre, other)) && samples[row * width + column] === 0)
              return false;
          }
        }
        return true;
      }),
    );
  });

  it('covers just the samples that a polygon comes as near to as the margin', () => {
    fc.assert(
      fc.property(starPolygon, side, side, margin, margin, (polygon, width, height, across, down) => {
        const samples = covered([polygon], gridOf(width, height, [across, down]));
        const scaled = polygon.map(([x, y]) => [x * width, y * height] as const);
        const isNear = (column: number, row: number, slack: number) =>
          isTouched(
            scaled,
            column - across - slack,
            row - down - slack,
            column + 1 + across + slack,
            row + 1 + down + slack,
          );
        for (let row = 0; row < height; row++) {
          for (let column = 0; column < width; column++) {
            const isCovered = samples[row * width + column] === 1;
            if (!isCovered && isNear(column, row, -1e-9)) return false;
            if (isCovered && !isNear(column, row, 1e-9)) return false;
          }
        }
        return true;
      }),
    );
  });
});
