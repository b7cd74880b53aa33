import { z } from 'zod';
import { findPolygonFault } from '../models/domain/polygon';
import type { Polygon, PolygonFault } from '../models/domain/polygon';

const LEAST_POINTS = 3;
const MOST_POINTS = 64;

const fraction = z.number().min(0).max(1);

/** A place in the picture. */
export const point = z
  .tuple([fraction, fraction])
  .meta({ expected: 'a point [x, y] in fractions of the picture, each from 0 to 1' });

/** Corners of a simple polygon with an area. */
export const polygon = z
  .array(point)
  .min(LEAST_POINTS)
  .max(MOST_POINTS)
  .superRefine((points, context) => {
    // Checks run although others failed: what those say is enough, and a list too long would take too long here.
    if (points.length < LEAST_POINTS || points.length > MOST_POINTS) return;
    if (!points.every((each) => point.safeParse(each).success)) return;
    const fault = findPolygonFault(points);
    if (fault !== undefined) context.addIssue({ code: 'custom', ...toldOf(fault, points) });
  });

/** One privacy mask of a camera. */
export const maskSchema = z.strictObject({
  name: z.string().min(1).max(64).optional().describe('What it hides, for whoever reads this file.'),
  points: polygon.describe(
    'Corners `[x, y]` of a polygon, in order, in fractions of the picture: `[0, 0]` is the top left, `[1, 1]` the bottom right.',
  ),
});

function toldOf(fault: PolygonFault, points: Polygon): { readonly message: string; readonly path: number[] } {
  switch (fault.kind) {
    case 'repeated':
      return {
        message: `another point than points[${fault.of}] (the last is joined to the first)`,
        path: [fault.corner],
      };
    case 'flat':
      return { message: 'a polygon with an inside, not points on one line', path: [] };
    case 'crossing': {
      const [one, other] = fault.sides.map(
        (from) => `points[${from}] to points[${(from + 1) % points.length}]`,
      );
      return { message: `a polygon whose sides do not cross (${one} and ${other} do)`, path: [] };
    }
  }
}
