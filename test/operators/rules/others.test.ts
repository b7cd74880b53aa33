import fc from 'fast-check';
import { collinearOf, createHomography } from '../../../models/domain/homography';
import type { Point } from '../../../models/domain/polygon';
import { createOccupancy } from '../../../operators/rules/occupancy';
import { sightingsOf } from '../../../operators/rules/rule';
import { createSchedule } from '../../../operators/rules/schedule';
import { createSpeedMeter } from '../../../operators/rules/speed';
import { createStationaryRule } from '../../../operators/rules/stationary';
import { SOURCE, frameAt, run } from '../../support/ruled';
import type { Step } from '../../support/ruled';
import { infoOf } from '../../support/views';

describe('standing still', () => {
  const rule = () => createStationaryRule({ afterMs: 2000, within: 0.2 });
  const stay = (count: number, x = 500): Step[] =>
    Array.from({ length: count }, (_, n) => [x + (n % 3), 500]);

  it('is told once, and so is that the object moves again', () => {
    expect(run(rule(), [...stay(40), ...stay(10, 560)])).toEqual([
      '2000 object.stationary 2000',
      '4500 object.moving 4000',
    ]);
  });

  it('is not ended by one box that is off, nor told of what walks', () => {
    expect(run(rule(), [...stay(15), [600, 500], ...stay(15)])).toEqual(['2000 object.stationary 2000']);
    expect(
      run(
        rule(),
        Array.from({ length: 60 }, (_, n): Step => [100 + 5 * n, 500]),
      ),
    ).toEqual([]);
  });
});

describe('occupancy', () => {
  it('tells changes, and least, most and mean over time of each interval', () => {
    const occupancy = createOccupancy({ zone: 'door', intervalMs: 1000 });
    const counts = [0, 1, 1, 2, 2, 2, 0, 0, 0, 0, 0, 3];
    const told = counts.flatMap((count, n) => occupancy.update(count, infoOf(SOURCE, n * 100)));
    told.push(...occupancy.flush(infoOf(SOURCE, 1100)), ...occupancy.flush(infoOf(SOURCE, 1100)));
    expect(told.map(({ frame, zone: _zone, ...rest }) => [frame.atMs, rest])).toEqual([
      [100, { type: 'occupancy.changed', count: 1 }],
      [300, { type: 'occupancy.changed', count: 2 }],
      [600, { type: 'occupancy.changed', count: 0 }],
      [
        1000,
        { type: 'occupancy.summary', fromMs: 0, toMs: 1000, observedMs: 1000, min: 0, max: 2, mean: 0.8 },
      ],
      [1100, { type: 'occupancy.changed', count: 3 }],
      [
        1100,
        { type: 'occupancy.summary', fromMs: 1000, toMs: 2000, observedMs: 100, min: 0, max: 0, mean: 0 },
      ],
    ]);
  });

  it('knows nothing of the time for which its zone is off, and tells an interval once', () => {
    const occupancy = createOccupancy({ zone: 'door', intervalMs: 1000 });
    const at = (ms: number) => infoOf(SOURCE, ms);
    const told = [
      ...[0, 100, 200].flatMap((ms) => occupancy.update(2, at(ms))),
      ...[300, 400].flatMap((ms) => occupancy.pause(at(ms))),
      ...[500, 600].flatMap((ms) => occupancy.update(2, at(ms))),
      ...[700, 1000, 1100, 2000].flatMap((ms) => occupancy.pause(at(ms))),
      ...occupancy.flush(at(2000)),
    ];
    expect(told.map(({ type, frame, ...rest }) => [frame.atMs, type, rest])).toMatchObject([
      [0, 'occupancy.changed', { count: 2 }],
      [300, 'occupancy.changed', { count: 0 }],
      [500, 'occupancy.changed', { count: 2 }],
      [700, 'occupancy.changed', { count: 0 }],
      [1000, 'occupancy.summary', { fromMs: 0, observedMs: 300, min: 2, max: 2, mean: 2 }],
    ]);
  });

  it('needs an interval of whole milliseconds, of which there is always a next one', () => {
    for (const intervalMs of [1846.897, 0, Number.NaN])
      expect(() => createOccupancy({ zone: 'door', intervalMs })).toThrow('expected intervalMs as a whole');
  });

  it('knows nothing of an outage', () => {
    const occupancy = createOccupancy({ zone: 'door', intervalMs: 1000 });
    expect([0, 60_000].flatMap((at) => occupancy.update(0, infoOf(SOURCE, at)))).toEqual([]);
  });
});

describe('a schedule', () => {
  const at = (time: string) => Date.parse(time);

  it('goes on past midnight, by the day on which it begins', () => {
    const isOn = createSchedule({ timeZone: 'UTC', times: [{ days: ['fri'], from: '22:00', to: '06:00' }] });
    // 2026-05-01 is a Friday.
    const when = ['01T21:59', '01T22:00', '02T05:59', '02T06:00', '01T05:00', '02T23:00'];
    expect(when.map((time) => isOn(at(`2026-05-${time}:00Z`)))).toEqual([
      false,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('follows the clock on the wall where that is set forward and back', () => {
    const isOn = createSchedule({ timeZone: 'Europe/Berlin', times: [{ from: '02:30', to: '03:30' }] });
    const spring = ['00:59', '01:00', '01:29', '01:30'].map((time) => isOn(at(`2026-03-29T${time}:00Z`)));
    expect(spring).toEqual([false, true, true, false]);
    const autumn = ['00:29', '00:30', '01:15', '01:30', '02:29', '02:30'];
    expect(autumn.map((time) => isOn(at(`2026-10-25T${time}:00Z`)))).toEqual([
      false,
      true,
      false,
      true,
      true,
      false,
    ]);
  });
});

describe('speed', () => {
  /** 100 pixels a second to the right. */
  const walk = (meter: ReturnType<typeof createSpeedMeter>) => {
    let latest: unknown;
    for (let n = 0; n < 20; n++) {
      const frame = frameAt(n * 100, [200 + 10 * n, 500]);
      latest = meter.observe(sightingsOf(frame)).get(frame.tracks[0]!);
    }
    return latest as { value: number; unit: string };
  };
  const square: Point[] = [
    [0.1, 0.1],
    [0.9, 0.1],
    [0.9, 0.9],
    [0.1, 0.9],
  ];

  it('is in heights of the picture, or metres on the ground', () => {
    expect(walk(createSpeedMeter({ windowMs: 1000 }))).toEqual({
      value: expect.closeTo(0.1, 6),
      unit: 'heights/s',
    });
    const metres: Point[] = square.map(([x, y]) => [x * 20, y * 20]);
    const meter = createSpeedMeter({ windowMs: 1000, ground: { points: square, metres } });
    expect(walk(meter)).toEqual({ value: expect.closeTo(2, 6), unit: 'm/s' });
  });

  it('finds every perspective again that takes four places to four others', () => {
    const near = fc.tuple(
      fc.double({ min: -0.15, max: 0.15, noNaN: true }),
      fc.double({ min: -0.15, max: 0.15, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(near, { minLength: 4, maxLength: 4 }), (moves) => {
        const picture = square.map(([x, y], n): Point => [x + moves[n]![0], y + moves[n]![1]]);
        const ground: Point[] = [
          [0, 0],
          [12, 0],
          [12, 30],
          [0, 30],
        ];
        const map = createHomography(picture, ground)!;
        for (const [n, point] of picture.entries()) {
          const [x, y] = map(point)!;
          expect(Math.hypot(x - ground[n]![0], y - ground[n]![1])).toBeLessThan(1e-6);
        }
      }),
    );
  });

  it('has no perspective for places on a line, nor a place beyond the horizon', () => {
    expect(
      collinearOf([
        [0, 0],
        [1, 1],
        [2, 2],
        [0, 1],
      ]),
    ).toEqual([0, 1, 2]);
    const road: Point[] = [
      [0.1, 0.9],
      [0.9, 0.9],
      [0.6, 0.5],
      [0.4, 0.5],
    ];
    const map = createHomography(road, [
      [0, 0],
      [8, 0],
      [8, 40],
      [0, 40],
    ])!;
    expect(map([0.5, 0.7])![0]).toBeCloseTo(4, 6);
    // The sides of the road meet at y = 0.367; at 0.4 it is four times as far away as at 0.5.
    expect(map([0.5, 0.401])![1]).toBeGreaterThan(100);
    for (const y of [0.399, 0.368, 0.3]) expect(map([0.5, y])).toBeUndefined();
  });
});
