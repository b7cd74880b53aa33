import fc from 'fast-check';
import { createZoneRule } from '../../../operators/rules/zone';
import { sightingsOf } from '../../../operators/rules/rule';
import { SOURCE, frameAt, run } from '../../support/ruled';
import type { Step } from '../../support/ruled';
import { infoOf } from '../../support/views';

const rule = (more: object = {}) =>
  createZoneRule({
    name: 'door',
    points: [
      [0.4, 0.4],
      [0.6, 0.4],
      [0.6, 0.6],
      [0.4, 0.6],
    ],
    anchor: 'bottom',
    enterMs: 300,
    leaveMs: 500,
    minScore: 0,
    minHeight: 0,
    ...more,
  });
const IN: Step = [500, 500];
const OUT: Step = [700, 500];
const times = (count: number, step: Step) => Array<Step>(count).fill(step);

describe('a zone', () => {
  it.each<readonly [string, readonly Step[], readonly string[]]>([
    [
      'tells who enters and leaves, after their inertia, with the time from the first place inside to the first outside',
      [...times(3, OUT), ...times(10, IN), ...times(8, OUT)],
      ['600 zone.entered', '1800 zone.left 1000'],
    ],
    ['tells nothing of a short visit', [...times(3, OUT), ...times(3, IN), ...times(8, OUT)], []],
    [
      'keeps who is out for a moment',
      [...times(5, IN), ...times(4, OUT), ...times(5, IN)],
      ['300 zone.entered', '1300 zone.left 1300'],
    ],
    ['moves nobody who is not seen', [OUT, IN, ...times(20, undefined)], []],
    [
      'lets leave what ends inside, when it was last seen',
      times(10, IN),
      ['300 zone.entered', '900 zone.left 900'],
    ],
  ])('%s', (_name, steps, told) => {
    expect(run(rule(), steps)).toEqual(told);
  });

  it('tells dwelling and loitering once of each visit', () => {
    const told = run(rule({ dwellMs: 1000, loiterMs: 2000 }), [
      ...times(40, IN),
      ...times(6, OUT),
      ...times(12, IN),
    ]);
    expect(told).toEqual([
      '300 zone.entered',
      '1000 zone.dwell 1000',
      '2000 zone.loitering 2000',
      '4500 zone.left 4000',
      '4900 zone.entered',
      '5600 zone.dwell 1000',
      '5700 zone.left 1100',
    ]);
  });

  it('goes by the anchor that is asked for', () => {
    expect(run(rule({ anchor: 'centre' }), times(5, [500, 630]))).toContain('300 zone.entered');
    expect(run(rule(), times(5, [500, 630]))).toEqual([]);
  });

  it('lets everybody leave when it is switched off', () => {
    const zone = rule({ enterMs: 0 });
    expect(zone.observe(sightingsOf(frameAt(0, [500, 500])))).toHaveLength(1);
    expect(zone.pause(infoOf(SOURCE, 2000))).toMatchObject([{ type: 'zone.left', dwellMs: 2000 }]);
    expect([zone.count(), zone.pause(infoOf(SOURCE, 2100))]).toEqual([0, []]);
  });

  it('enters at the same time at any rate, within one frame', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 30 }), (fps) => {
        const told = run(rule({ enterMs: 1000 }), times(fps * 3, IN), { fps });
        const [enteredMs] = told[0]!.split(' ').map(Number);
        expect(enteredMs).toBeGreaterThanOrEqual(1000);
        expect(enteredMs).toBeLessThan(1000 + 1000 / fps + 1e-6);
      }),
    );
  });

  it('tells entering and leaving in turn, and nothing is left inside', () => {
    const step = fc.constantFrom<Step>(IN, OUT, undefined);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const zone = rule();
        const told = run(zone, steps).map((one) => one.split(' ')[1]);
        expect(told).toEqual(told.map((_one, index) => (index % 2 === 0 ? 'zone.entered' : 'zone.left')));
        expect(told.length % 2).toBe(0);
        expect(zone.count()).toBe(0);
      }),
    );
  });
});
