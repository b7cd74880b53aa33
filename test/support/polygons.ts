import fc from 'fast-check';
import type { Point, Polygon } from '../../models/domain/polygon';

/** Simple polygons, many of them concave: one corner in each sector around a centre. */
export const starPolygon: fc.Arbitrary<Polygon> = fc
  .array(
    fc.record({
      turn: fc.double({ min: 0.05, max: 0.95, noNaN: true }),
      reach: fc.double({ min: 0.05, max: 0.5, noNaN: true }),
    }),
    { minLength: 5, maxLength: 9 },
  )
  .map((corners) =>
    corners.map(({ turn, reach }, index): Point => {
      const angle = (2 * Math.PI * (index + turn)) / corners.length;
      return [0.5 + reach * Math.cos(angle), 0.5 + reach * Math.sin(angle)];
    }),
  );

/** True when a point is inside, by the rule of odd crossings. */
export function isInside([x, y]: Point, points: Polygon): boolean {
  let odd = false;
  points.forEach(([ax, ay], index) => {
    const [bx, by] = points[(index + 1) % points.length]!;
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) odd = !odd;
  });
  return odd;
}

/** True when a polygon and a rectangle share a point: a side passes through it, or it is inside as a whole. */
export function isTouched(
  points: Polygon,
  left: number,
  top: number,
  right: number,
  bottom: number,
): boolean {
  const passes = points.some((from, index) =>
    passesThrough(from, points[(index + 1) % points.length]!, left, top, right, bottom),
  );
  return passes || isInside([(left + right) / 2, (top + bottom) / 2], points);
}

/** Liang and Barsky's test of a line's part against a rectangle. */
function passesThrough(
  [ax, ay]: Point,
  [bx, by]: Point,
  left: number,
  top: number,
  right: number,
  bottom: number,
): boolean {
  let [enter, leave] = [0, 1];
  for (const [step, room] of [
    [ax - bx, ax - left],
    [bx - ax, right - ax],
    [ay - by, ay - top],
    [by - ay, bottom - ay],
  ] as const) {
    if (step === 0 && room < 0) return false;
    if (step < 0) enter = Math.max(enter, room / step);
    if (step > 0) leave = Math.min(leave, room / step);
  }
  return enter <= leave;
}
