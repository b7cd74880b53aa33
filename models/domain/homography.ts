import type { Point } from './polygon';

/**
 * Maps a place of a picture to one on the ground; undefined for a place at or beyond the horizon, or too far on the way there.
 */
export type Homography = (point: Point) => Point | undefined;

/** Part of the squared extent of points below which the triangle of three of them is taken for a line. */
const FLAT = 1e-4;

/**
 * Farther away than so many times the farthest of the four points nothing is known: ground that a pixel covers grows with the
 * square of the distance, without a bound towards the horizon, and so does what is off in the points.
 */
const MOST_DEPTHS = 4;

/** Indexes of three points that lie on one line (or nearly), which make four of them useless; undefined when no three do. */
export function collinearOf(points: readonly Point[]): readonly [number, number, number] | undefined {
  const extent = Math.max(...[0, 1].map((axis) => spread(points.map((point) => point[axis]!))));
  for (let a = 0; a < points.length; a++) {
    for (let b = a + 1; b < points.length; b++) {
      for (let c = b + 1; c < points.length; c++) {
        const [[ax, ay], [bx, by], [cx, cy]] = [points[a]!, points[b]!, points[c]!];
        const area = Math.abs((bx - ax) * (cy - ay) - (by - ay) * (cx - ax));
        if (!(area > FLAT * extent ** 2)) return [a, b, c];
      }
    }
  }
  return undefined;
}

/**
 * The perspective that takes four places of a picture to four on the ground, by the direct linear transform on coordinates
 * normalised to mean 0 and mean distance √2 (Hartley 1997), up to 4 times as far from the camera as the farthest of them.
 * Undefined when three of either lie on one line.
 */
export function createHomography(
  picture: readonly Point[],
  ground: readonly Point[],
): Homography | undefined {
  if (picture.length !== 4 || ground.length !== 4) return undefined;
  if (collinearOf(picture) !== undefined || collinearOf(ground) !== undefined) return undefined;
  const from = normaliser(picture);
  const to = normaliser(ground);
  const rows = picture.flatMap((point, index) => {
    const [x, y] = from.apply(point);
    const [u, v] = to.apply(ground[index]!);
    return [
      [x, y, 1, 0, 0, 0, -u * x, -u * y, u],
      [0, 0, 0, x, y, 1, -v * x, -v * y, v],
    ];
  });
  const h = solve(rows);
  if (h === undefined) return undefined;
  const weightAt = ([x, y]: Point) => h[6]! * x + h[7]! * y + 1;
  const weights = picture.map((point) => weightAt(from.apply(point)));
  // The four points are before the horizon: what has the other sign of weight is beyond it.
  const sign = Math.sign(weights[0]!);
  if (weights.some((weight) => Math.sign(weight) !== sign)) return undefined;
  // The distance from the camera, along its axis, is one through the weight.
  const least = Math.min(...weights.map(Math.abs)) / MOST_DEPTHS;
  return (point) => {
    const [x, y] = from.apply(point);
    const weight = weightAt([x, y]);
    if (!(weight * sign >= least)) return undefined;
    return to.undo([(h[0]! * x + h[1]! * y + h[2]!) / weight, (h[3]! * x + h[4]! * y + h[5]!) / weight]);
  };
}

function spread(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

function normaliser(points: readonly Point[]) {
  const mean = (axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [mx, my] = [mean(0), mean(1)];
  const distance = points.reduce((sum, [x, y]) => sum + Math.hypot(x - mx, y - my), 0) / points.length;
  const scale = Math.SQRT2 / distance;
  return {
    apply: ([x, y]: Point): Point => [(x - mx) * scale, (y - my) * scale],
    undo: ([x, y]: Point): Point => [x / scale + mx, y / scale + my],
  };
}

/** Gaussian elimination with partial pivoting on an augmented matrix. */
function solve(rows: number[][]): number[] | undefined {
  const n = rows.length;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++) {
      if (Math.abs(rows[row]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = row;
    }
    if (Math.abs(rows[pivot]![column]!) < 1e-12) return undefined;
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    for (let row = 0; row < n; row++) {
      if (row === column) continue;
      const factor = rows[row]![column]! / rows[column]![column]!;
      for (let k = column; k <= n; k++) rows[row]![k]! -= factor * rows[column]![k]!;
    }
  }
  return rows.map((row, index) => row[n]! / row[index]!);
}
