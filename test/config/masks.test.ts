import { defineConfig } from '../../config/define-config';
import { configErrorOf } from '../support/config-error';

type Points = readonly (readonly number[])[];

const TRIANGLE: Points = [
  [0, 0],
  [1, 0],
  [0, 1],
];

const define = (masks: unknown) =>
  defineConfig({ cameras: { yard: { url: 'a.mp4', masks: masks as [] } } }).config.cameras['yard']!;

const faultsOf = (masks: unknown) =>
  configErrorOf(() => define(masks)).faults.map(({ path, message }) => `${path}: ${message}`);

const withPoints = (...points: Points) => [{ points }];

describe('masks of a camera', () => {
  it('are taken as they are written, with and without a name', () => {
    const masks = [{ name: 'road', points: TRIANGLE }, { points: TRIANGLE }];
    expect(define(masks).masks).toEqual(masks);
    expect(define([]).masks).toEqual([]);
    expect(define(undefined).masks).toBeUndefined();
    const most = Array.from({ length: 64 }, (_, n) => [
      0.5 + 0.5 * Math.cos((n * Math.PI) / 32),
      0.5 + 0.5 * Math.sin((n * Math.PI) / 32),
    ]);
    expect(define(Array(64).fill({ points: most })).masks).toHaveLength(64);
  });

  const point = 'expected a point [x, y] in fractions of the picture, each from 0 to 1, got';
  it.each<readonly [string, unknown, readonly string[]]>([
    ['no list', 'road', ['masks: expected a list of at most 64, got "road"']],
    [
      'too many',
      Array(65).fill({ points: TRIANGLE }),
      ['masks: expected a list of at most 64, got a list of 65'],
    ],
    ['no points', [{}], ['masks[0].points: expected a list of 3 to 64, got nothing']],
    [
      'two points',
      withPoints([0, 0], [1, 1]),
      ['masks[0].points: expected a list of 3 to 64, got a list of 2'],
    ],
    ['a point of one number', withPoints([0, 0], [1, 0], [1]), [`masks[0].points[2]: ${point} a list of 1`]],
    ['a point of three', withPoints([0, 0], [1, 0], [1, 1, 1]), [`masks[0].points[2]: ${point} a list of 3`]],
    [
      'a flat list',
      withPoints(0 as never, 0 as never, 1 as never),
      [0, 1, 2].map((n) => `masks[0].points[${n}]: ${point} ${n >> 1}`),
    ],
    [
      'points in pixels',
      withPoints([0, 0], [0.5, 0], [0.5, 1080], [-1, 0.5]),
      [
        'masks[0].points[2][1]: expected a number from 0 to 1, got 1080',
        'masks[0].points[3][0]: expected a number from 0 to 1, got -1',
      ],
    ],
    [
      'sides that cross, in the second mask',
      [
        { points: TRIANGLE },
        {
          name: 'tie',
          points: [
            [0, 0],
            [1, 1],
            [1, 0],
            [0, 1],
          ],
        },
      ],
      [
        'masks[1].points: expected a polygon whose sides do not cross ' +
          '(points[0] to points[1] and points[2] to points[3] do), got a list of 4',
      ],
    ],
    [
      'points on one line',
      withPoints([0, 0.1], [0.5, 0.1], [1, 0.1]),
      ['masks[0].points: expected a polygon with an inside, not points on one line, got a list of 3'],
    ],
    [
      'the first point again',
      withPoints(...TRIANGLE, [0, 0]),
      [
        'masks[0].points[3]: expected another point than points[0] (the last is joined to the first), got a list of 2',
      ],
    ],
    ['an empty name', [{ name: '', points: TRIANGLE }], ['masks[0].name: expected text, got ""']],
    [
      'a typing slip',
      [{ nmae: 'x', points: TRIANGLE }],
      ['masks[0].nmae: expected a known key (did you mean name?), got "nmae"'],
    ],
  ])('are refused with %s', (_name, masks, faults) => {
    expect(faultsOf(masks)).toEqual(faults.map((fault) => `cameras.yard.${fault}`));
  });
});
