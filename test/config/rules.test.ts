import { defineConfig } from '../../config/define-config';
import { configErrorOf } from '../support/config-error';

const SQUARE = [
  [0.1, 0.1],
  [0.9, 0.1],
  [0.9, 0.9],
  [0.1, 0.9],
];
const LINE = [
  [0, 0.5],
  [1, 0.5],
];

const define = (rules: object) =>
  defineConfig({ cameras: { yard: { url: 'a.mp4', ...rules } } }).config.cameras['yard']!;

const faultsOf = (rules: object) =>
  configErrorOf(() => define(rules)).faults.map(({ path, message }) => `${path}: ${message}`);

describe('the rules of a camera', () => {
  it('are taken with their defaults', () => {
    const { zones, lines } = define({
      zones: { door: { points: SQUARE } },
      lines: { gate: { points: LINE } },
    });
    const place = { minScore: 0, minHeight: 0, anchor: 'bottom' };
    expect(zones).toEqual({ door: { points: SQUARE, ...place, enterMs: 300, leaveMs: 500 } });
    expect(lines).toEqual({ gate: { points: LINE, ...place, band: 0.01, minMove: 0.25 } });
    expect(define({ stationary: {}, speed: {} })).toMatchObject({
      stationary: { afterMs: 10_000, within: 0.2 },
      speed: { windowMs: 1000 },
    });
  });

  const zone = (more: object) => ({ zones: { door: { points: SQUARE, ...more } } });
  const line = (points: unknown) => ({ lines: { gate: { points } } });
  const many = (points: unknown) =>
    Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`r${n}`, { points }]));
  const ground = (points: unknown, metres: unknown) => ({ speed: { ground: { points, metres } } });

  it.each<readonly [string, object, RegExp]>([
    [
      'a zone of two points',
      zone({ points: LINE }),
      /^cameras\.yard\.zones\.door\.points: expected a list of 3 to 64/,
    ],
    [
      'a zone whose sides cross',
      zone({ points: [SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]] }),
      /^cameras\.yard\.zones\.door\.points: expected a polygon whose sides do not cross/,
    ],
    [
      'a zone outside the picture',
      zone({ points: [...SQUARE.slice(0, 3), [0.1, 1.2]] }),
      /^cameras\.yard\.zones\.door\.points\[3\]\[1\]: expected a number from 0 to 1, got 1\.2/,
    ],
    ['an unknown key', zone({ color: 'red' }), /color/],
    [
      'a line without a length',
      line([LINE[0], LINE[0]]),
      /^cameras\.yard\.lines\.gate\.points: expected two different points/,
    ],
    [
      'a line of three points',
      line(SQUARE.slice(0, 3)),
      /^cameras\.yard\.lines\.gate\.points: expected two different points/,
    ],
    [
      'too many zones',
      { zones: many(SQUARE) },
      /^cameras\.yard\.zones: expected a map of at most 64 zones, got a map of 65$/,
    ],
    [
      'too many lines',
      { lines: many(LINE) },
      /^cameras\.yard\.lines: expected a map of at most 64 lines, got a map of 65$/,
    ],
    [
      'zones as a list',
      { zones: [] },
      /^cameras\.yard\.zones: expected a map of at most 64 zones, got an empty list$/,
    ],
    [
      'a coordinate that is no number',
      zone({ points: [[Number.NaN, 0], [1, 0], [1, 1]] }), // prettier-ignore
      /^cameras\.yard\.zones\.door\.points\[0\]\[0\]: expected a number from 0 to 1, got NaN$/,
    ],
    [
      'a line too short to have sides',
      line([[0.5, 0.5], [0.5, 0.500001]]), // prettier-ignore
      /^cameras\.yard\.lines\.gate\.points: expected two different points/,
    ],
    [
      'a label of a rule twice',
      zone({ labels: ['person', 'person'] }),
      /^cameras\.yard\.zones\.door\.labels\[1\]: expected each item once, got "person"$/,
    ],
    [
      'a day of a schedule twice',
      zone({ schedule: { times: [{ days: ['mon', 'mon'], from: '08:00', to: '09:00' }] } }),
      /^cameras\.yard\.zones\.door\.schedule\.times\[0\]\.days\[1\]: expected each item once, got "mon"$/,
    ],
    [
      'an interval that is no whole number',
      zone({ occupancy: { intervalMs: 1846.897 } }),
      /^cameras\.yard\.zones\.door\.occupancy\.intervalMs: expected a whole number from 1000 to 86400000/,
    ],
    [
      'three places of ground',
      ground(SQUARE.slice(0, 3), SQUARE),
      /^cameras\.yard\.speed\.ground\.points: expected a list of 4, got a list of 3$/,
    ],
    [
      'a time zone nobody knows',
      zone({ schedule: { timeZone: 'Mars/Base', times: [{ from: '08:00', to: '09:00' }] } }),
      /^cameras\.yard\.zones\.door\.schedule\.timeZone: expected a time zone such as Europe\/Berlin/,
    ],
    [
      'a time of day that is none',
      zone({ schedule: { times: [{ from: '25:00', to: '09:00' }] } }),
      /^cameras\.yard\.zones\.door\.schedule\.times\[0\]\.from: expected a time of day/,
    ],
    [
      'a schedule of no time',
      zone({ schedule: { times: [{ from: '09:00', to: '09:00' }] } }),
      /^cameras\.yard\.zones\.door\.schedule\.times\[0\]: expected two different times/,
    ],
    [
      'ground on a line',
      ground([...SQUARE.slice(0, 2), [0.5, 0.1], [0.5, 0.9]], SQUARE),
      /^cameras\.yard\.speed\.ground\.points: expected four places of which no three lie on one line \(0, 1, 2 do\)/,
    ],
    [
      'ground in another order',
      ground(SQUARE, [SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]]),
      /^cameras\.yard\.speed\.ground\.metres: expected four places in the same order as points/,
    ],
  ])('are refused with %s', (_name, rules, expected) => {
    const faults = faultsOf(rules);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(expected);
  });
});
