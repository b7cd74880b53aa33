import fc from 'fast-check';
import { findPolygonFault } from '../../../models/domain/polygon';
import type { Point, Polygon } from '../../../models/domain/polygon';
import { starPolygon } from '../../support/polygons';

const crossing = (from: number, other: number) => ({ kind: 'crossing', sides: [from, other] });

type Case = readonly [string, Polygon, ReturnType<typeof findPolygonFault> | object];

describe('findPolygonFault', () => {
  it.each<Case>([
    [
      'a triangle',
      [
        [0, 0],
        [1, 0],
        [0, 1],
      ],
      undefined,
    ],
    [
      'one that goes the other way round',
      [
        [0, 1],
        [1, 0],
        [0, 0],
      ],
      undefined,
    ],
    [
      'a concave one',
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0.5, 0.2],
        [0, 1],
      ],
      undefined,
    ],
    [
      'corners amid a side',
      [
        [0, 0],
        [0.5, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ],
      undefined,
    ],
    [
      'two sides that cross',
      [
        [0, 0],
        [1, 1],
        [1, 0],
        [0, 1],
      ],
      crossing(0, 2),
    ],
    [
      'a corner on a side',
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0.5, 0],
        [0, 1],
      ],
      crossing(0, 2),
    ],
    [
      'a side that returns on itself',
      [
        [0, 0],
        [1, 0],
        [0.5, 0],
        [0.5, 1],
      ],
      crossing(0, 1),
    ],
    [
      'the last side that returns on the first',
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0.5, 0],
      ],
      crossing(0, 2),
    ],
    [
      'sides that lie on each other',
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0.8, 0],
        [0.2, 0],
        [0, 1],
      ],
      crossing(0, 2),
    ],
    [
      'a first corner that is repeated',
      [
        [0, 0],
        [1, 0],
        [0, 1],
        [0, 0],
      ],
      { kind: 'repeated', corner: 3, of: 0 },
    ],
    [
      'a corner given twice',
      [
        [0, 0],
        [1, 0],
        [1, 0],
        [0, 1],
      ],
      { kind: 'repeated', corner: 2, of: 1 },
    ],
    [
      'points on one line',
      [
        [0.1, 0.1],
        [0.2, 0.2],
        [0.3, 0.3],
      ],
      { kind: 'flat' },
    ],
    [
      'points on one line, to and fro',
      [
        [0.1, 0.7],
        [0.3, 0.7],
        [0.2, 0.7],
        [0.4, 0.7],
      ],
      { kind: 'flat' },
    ],
    ['no points', [], { kind: 'flat' }],
  ])('judges %s', (_name, points, fault) => {
    expect(findPolygonFault(points)).toEqual(fault);
  });

  it('finds no fault in a polygon around a centre', () => {
    fc.assert(fc.property(starPolygon, (points) => expect(findPolygonFault(points)).toBeUndefined()));
  });

  it('finds a crossing when two corners of a convex polygon change places', () => {
    fc.assert(
      fc.property(starPolygon, fc.nat(), (points, at) => {
        const convex = points.map(([x, y]): Point => {
          const angle = Math.atan2(y - 0.5, x - 0.5);
          return [0.5 + 0.5 * Math.cos(angle), 0.5 + 0.5 * Math.sin(angle)];
        });
        const one = at % convex.length;
        const other = (one + 2) % convex.length;
        const swapped = convex.map(
          (point, index) => convex[index === one ? other : index === other ? one : index] ?? point,
        );
        expect(findPolygonFault(convex)).toBeUndefined();
        expect(findPolygonFault(swapped)).toMatchObject({ kind: 'crossing' });
      }),
    );
  });
});
