import type { Polygon } from '../../models/domain/polygon';

/** The samples of one plane of a picture that polygons are laid over. */
export interface RasterGrid {
  /** Samples in a row and rows that may be covered. */
  readonly columns: number;
  readonly rows: number;
  /** Samples from the beginning of a row to that of the next. */
  readonly stride: number;
  /** Width and height of the whole picture in samples; not whole where a plane of half its size rounds up. */
  readonly unit: readonly [x: number, y: number];
  /** Samples by which polygons are made larger on every side. */
  readonly margin: readonly [x: number, y: number];
}

/** Part of a row: first column, and the column after the last. */
type Interval = [from: number, to: number];

/**
 * Ranges of samples that polygons (in fractions of the picture) touch, margin included: start and end (exclusive) in turns,
 * ascending and apart. Conservative: a sample counts when any part of it, not just its centre, lies within.
 *
 * The inside is that of the non-zero rule, so that a polygon that crosses itself has no hole where it overlaps.
 */
export function coveredRanges(polygons: readonly Polygon[], grid: RasterGrid): Uint32Array {
  const { columns, rows, stride, unit, margin } = grid;
  const shapes = polygons.map((points) => sidesOf(points, unit));
  const ranges: number[] = [];
  for (let row = 0; row < rows; row++) {
    const touched: Interval[] = [];
    const top = row - margin[1];
    const bottom = row + 1 + margin[1];
    for (const { sides, highest, lowest } of shapes) {
      if (lowest > top && highest < bottom) addTouched(sides, top, bottom, touched);
    }
    const covered = touched.map(([left, right]): Interval => [
      Math.max(0, Math.floor(left - margin[0])),
      Math.min(columns, Math.ceil(right + margin[0])),
    ]);
    const start = row * stride;
    for (const [from, to] of merge(covered)) {
      if (ranges.at(-1) === start + from) ranges[ranges.length - 1] = start + to;
      else ranges.push(start + from, start + to);
    }
  }
  return Uint32Array.from(ranges);
}

/** A side of a polygon in samples, from its upper end to its lower one. */
interface Side {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  /** 1 where the polygon goes down here, -1 where it goes up. */
  readonly turn: number;
}

function sidesOf(points: Polygon, [width, height]: RasterGrid['unit']) {
  const sides = points.map((from, index): Side => {
    const to = points[(index + 1) % points.length]!;
    const [upper, lower, turn] = from[1] <= to[1] ? [from, to, 1] : [to, from, -1];
    return { x1: upper[0] * width, y1: upper[1] * height, x2: lower[0] * width, y2: lower[1] * height, turn };
  });
  const highest = Math.min(...sides.map(({ y1 }) => y1));
  const lowest = Math.max(...sides.map(({ y2 }) => y2));
  return { sides, highest, lowest };
}

/**
 * Adds what a polygon covers, seen from above, of the strip between two heights. A column that no side enters within the
 * strip is inside from top to bottom or not at all, so that its middle tells.
 */
function addTouched(sides: readonly Side[], top: number, bottom: number, touched: Interval[]): void {
  const middle = (top + bottom) / 2;
  const crossings: { readonly x: number; readonly turn: number }[] = [];
  for (const side of sides) {
    const { x1, y1, x2, y2, turn } = side;
    if (y2 <= top || y1 >= bottom) continue;
    const from = y1 === y2 ? x1 : xAt(side, top);
    const to = y1 === y2 ? x2 : xAt(side, bottom);
    touched.push(from < to ? [from, to] : [to, from]);
    if (y1 <= middle && middle < y2) crossings.push({ x: xAt(side, middle), turn });
  }
  crossings.sort((a, b) => a.x - b.x);
  let winding = 0;
  crossings.forEach(({ x, turn }, index) => {
    winding += turn;
    if (winding !== 0) touched.push([x, crossings[index + 1]?.x ?? x]);
  });
}

/** Where a side is at a height, or at its end nearest to that. */
function xAt({ x1, y1, x2, y2 }: Side, y: number): number {
  if (y <= y1) return x1;
  if (y >= y2) return x2;
  return x1 + ((y - y1) / (y2 - y1)) * (x2 - x1);
}

/** The same columns as intervals that are ascending, apart and not empty. */
function merge(intervals: readonly Interval[]): readonly Interval[] {
  const merged: Interval[] = [];
  for (const [from, to] of intervals.filter(([a, b]) => a < b).sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}
