/** A point as fractions of the picture. */
export type PathPoint = [x: number, y: number];

/** A track's path in a bounded number of points. */
export interface PathSummary {
  add(point: PathPoint): void;
  points(): PathPoint[];
}

/**
 * Keeps every `stride`-th point; when full, drops every other one and doubles the stride. So a path of any length has between
 * half of `maxPoints` and `maxPoints` points, evenly spaced in time, and the latest one always closes it.
 */
export function createPathSummary(maxPoints = 64): PathSummary {
  let kept: PathPoint[] = [];
  let latest: PathPoint | undefined;
  let stride = 1;
  let count = 0;
  return {
    add(point) {
      latest = point;
      if (count++ % stride !== 0) return;
      if (kept.length === maxPoints - 1) {
        kept = kept.filter((_, index) => index % 2 === 0);
        stride *= 2;
        if ((count - 1) % stride !== 0) return;
      }
      kept.push(point);
    },
    points: () => (latest === undefined || kept.at(-1) === latest ? [...kept] : [...kept, latest]),
  };
}
