import fc from 'fast-check';
import { createLineRule } from '../../../operators/rules/line';
import { sightingsOf } from '../../../operators/rules/rule';
import { SOURCE, boxAt, frameAt, run } from '../../support/ruled';
import type { Step } from '../../support/ruled';
import { infoOf } from '../../support/views';

/** Upright, from the bottom to the top: its left is left in the picture. */
const rule = (more: object = {}) =>
  createLineRule({
    name: 'gate',
    points: [
      [0.5, 0.9],
      [0.5, 0.1],
    ],
    anchor: 'bottom',
    band: 0.02,
    minMove: 0.25,
    minScore: 0,
    minHeight: 0,
    ...more,
  });
const along = (...xs: number[]): Step[] => xs.map((x) => [x, 500]);
const directions = (told: readonly string[]) => told.map((one) => one.split(' ').at(-1));

describe('a line', () => {
  it.each<readonly [string, readonly Step[], readonly string[]]>([
    ['tells who goes from left to right', along(440, 470, 500, 530, 560), ['300 line.crossed in']],
    ['tells who goes from right to left', along(560, 530, 500, 470, 440), ['300 line.crossed out']],
    [
      'tells there and back as both',
      along(440, 470, 530, 560, 530, 470, 440),
      ['200 line.crossed in', '500 line.crossed out'],
    ],
    ['tells nothing of who wobbles on it', along(490, 510, 490, 515, 485, 510), []],
    ['tells nothing of who turns back on it', along(440, 470, 500, 515, 470, 440), []],
    [
      'tells nothing of who passes beyond its ends',
      [
        [440, 950],
        [480, 950],
        [560, 950],
      ],
      [],
    ],
    ['tells nothing of a leap', along(100, 150, 850, 900), []],
    [
      'sees through a frame without the object',
      [...along(440, 470), undefined, ...along(530)],
      ['300 line.crossed in'],
    ],
  ])('%s', (_name, steps, told) => {
    expect(run(rule(), steps)).toEqual(told);
  });

  it('credits where a track was before it was confirmed', () => {
    const earlier = [
      { box: boxAt([440, 500]), atMs: -200 },
      { box: boxAt([480, 500]), atMs: -100 },
    ];
    expect(run(rule(), along(530, 560), { earlier })).toEqual(['0 line.crossed in']);
    expect(run(rule(), along(530, 560))).toEqual([]);
  });

  it('waits until the object has moved as much as is asked for', () => {
    expect(run(rule({ minMove: 2 }), along(470, 530, 560, 590))).toEqual(['300 line.crossed in']);
    expect(run(rule({ minMove: 2 }), along(470, 530, 560))).toEqual([]);
  });

  it('tells only of those that are asked for', () => {
    expect(run(rule({ labels: ['car'] }), along(440, 560))).toEqual([]);
    expect(run(rule({ minScore: 0.95 }), along(440, 560))).toEqual([]);
    expect(run(rule({ minHeight: 0.1 }), along(440, 560))).toEqual([]);
  });

  it('forgets everybody while it is off', () => {
    const line = rule();
    const see = (atMs: number, x: number) => line.observe(sightingsOf(frameAt(atMs, [x, 500])));
    expect([...see(0, 470), ...line.pause(infoOf(SOURCE, 100)), ...see(200, 530)]).toEqual([]);
    expect(see(300, 470)).toMatchObject([{ type: 'line.crossed', direction: 'out' }]);
  });

  const jitter = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 0, maxLength: 40 });
  const inBand = (offsets: readonly number[]) => along(...offsets.map((dx) => 500 + dx));

  it('counts a path that crosses once as one, whatever the jitter within its band', () => {
    fc.assert(
      fc.property(jitter, fc.boolean(), fc.integer({ min: 3, max: 30 }), (offsets, isIn, fps) => {
        const steps = [...along(430, 460), ...inBand(offsets), ...along(540, 570)];
        const told = run(rule(), isIn ? steps : steps.reverse(), { fps });
        expect(directions(told)).toEqual([isIn ? 'in' : 'out']);
      }),
    );
  });

  it('counts there and back as both, whatever the jitter within its band', () => {
    fc.assert(
      fc.property(jitter, jitter, (there, back) => {
        const steps = [...along(450), ...inBand(there), ...along(550), ...inBand(back), ...along(450)];
        expect(directions(run(rule(), steps))).toEqual(['in', 'out']);
      }),
    );
  });

  it('never counts an id that leaps across, however it jitters at both places', () => {
    fc.assert(
      fc.property(jitter, jitter, fc.integer({ min: 460, max: 700 }), (before, after, leap) => {
        const steps = [
          ...along(...before.map((dx) => 270 + dx)),
          ...along(270),
          ...along(270 + leap),
          ...along(...after.map((dx) => 270 + leap + dx)),
        ];
        expect(run(rule(), steps, { fps: 3 })).toEqual([]);
      }),
    );
  });

  it('says the same of the same path', () => {
    const path = fc.array(fc.tuple(fc.integer({ min: 300, max: 700 }), fc.integer({ min: 0, max: 1000 })));
    fc.assert(
      fc.property(path, (steps) => {
        const told = run(rule(), steps);
        expect(run(rule(), steps)).toEqual(told);
        // Two crossings in a row are never of one direction.
        const ways = directions(told);
        expect(ways.every((way) => way === 'in' || way === 'out')).toBe(true);
      }),
    );
  });
});
