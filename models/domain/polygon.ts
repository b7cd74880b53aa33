/** A place in a picture: in fractions of its width and height (0 to 1, y down), or in pixels where that is said. */
export type Point = readonly [x: number, y: number];

/** Corners in order, either way round; the last is joined to the first. */
export type Polygon = readonly Point[];

/** Twice an area, in square fractions, below which three corners count as one line: a hundredth of a pixel of an 8K picture. */
const FLAT = 1e-10;

/** Why corners make no polygon with an inside; numbers are indexes of corners. */
export type PolygonFault =
  | { readonly kind: 'repeated'; readonly corner: number; readonly of: number }
  | { readonly kind: 'flat' }
  | { readonly kind: 'crossing'; readonly sides: readonly [from: number, other: number] };

/**
 * The first thing that keeps corners from being a simple polygon with an area; undefined when nothing does. Side n goes from
 * corner n to the next one. Sides that touch where they should not count as crossing.
 */
export function findPolygonFault(points: Polygon): PolygonFault | undefined {
  for (const [corner, point] of points.entries()) {
    const of = points.findIndex(([x, y]) => x === point[0] && y === point[1]);
    if (of < corner) return { kind: 'repeated', corner, of };
  }
  if (isFlat(points)) return { kind: 'flat' };
  for (let side = 0; side < points.length; side++) {
    for (let other = side + 1; other < points.length; other++) {
      if (meet(points, side, other)) return { kind: 'crossing', sides: [side, other] };
    }
  }
  return undefined;
}

/** Twice the area of a triangle, positive when its corners go clockwise on a screen. */
function turn([ax, ay]: Point, [bx, by]: Point, [cx, cy]: Point): number {
  return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
}

function isFlat(points: Polygon): boolean {
  const [first] = points;
  if (first === undefined) return true;
  const distance = ([x, y]: Point) => Math.hypot(x - first[0], y - first[1]);
  const farthest = points.reduce((far, point) => (distance(point) > distance(far) ? point : far), first);
  return points.every((point) => Math.abs(turn(first, farthest, point)) < FLAT);
}

function meet(points: Polygon, side: number, other: number): boolean {
  const corner = (index: number) => points[index % points.length]!;
  const [a, b, c, d] = [corner(side), corner(side + 1), corner(other), corner(other + 1)];
  if (b === c) return foldsBack(a, b, d);
  if (d === a) return foldsBack(c, a, b);
  const [fromC, fromD, fromA, fromB] = [turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)];
  if (fromC * fromD < 0 && fromA * fromB < 0) return true;
  return (
    (fromC === 0 && isBetween(c, a, b)) ||
    (fromD === 0 && isBetween(d, a, b)) ||
    (fromA === 0 && isBetween(a, c, d)) ||
    (fromB === 0 && isBetween(b, c, d))
  );
}

/** True when the way from `a` by `corner` to `b` returns on itself. */
function foldsBack(a: Point, corner: Point, b: Point): boolean {
  const dot = (a[0] - corner[0]) * (b[0] - corner[0]) + (a[1] - corner[1]) * (b[1] - corner[1]);
  return dot > 0 && turn(a, corner, b) === 0;
}

/** Of a point on the line through `a` and `b`: true when it lies from `a` to `b`. */
function isBetween([x, y]: Point, a: Point, b: Point): boolean {
  return (
    x >= Math.min(a[0], b[0]) &&
    x <= Math.max(a[0], b[0]) &&
    y >= Math.min(a[1], b[1]) &&
    y <= Math.max(a[1], b[1])
  );
}
