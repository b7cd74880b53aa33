import fc from 'fast-check';
import { createSaturationController } from '../../../pipeline/saturation/controller';
import { OPTIONS, createPlant } from './plant';
import type { PlantCamera, TimedStep } from './plant';

const THREE: readonly PlantCamera[] = [
  { id: 'gate', priority: 8 },
  { id: 'hall', priority: 5 },
  { id: 'yard', priority: 2 },
];

describe('createSaturationController', () => {
  it('does nothing while what is left out is not too much', () => {
    const plant = createPlant(THREE);
    plant.run(3600, 25);
    expect(plant.steps).toEqual([]);
  });

  it('takes nothing away for an overload that is over before its time', () => {
    const plant = createPlant(THREE);
    for (let times = 0; times < 20; times++) {
      plant.run(8, 10);
      plant.run(20, 100);
    }
    expect(plant.steps).toEqual([]);
  });

  it('takes one step each time it has lasted, from the least important up, and then pauses', () => {
    const plant = createPlant(THREE);
    plant.run(300, 1);
    expect(plant.brief()).toEqual([
      '17 down yard:5',
      '34 down hall:5',
      '51 down gate:5',
      '68 down yard:2.5',
      '85 down hall:2.5',
      '102 down gate:2.5',
      '119 down yard:1.25',
      '136 down hall:1.25',
      '153 down gate:1.25',
      '170 down yard:0',
      '187 down hall:0',
    ]);
    expect(plant.steps.map(({ level }) => level)).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 5]);
    expect(plant.steps[0]!.share).toBeCloseTo(29 / 30);
  });

  it('stops where there is time enough', () => {
    const plant = createPlant(THREE);
    plant.run(600, 14);
    expect(plant.rates()).toBe('5 5 5');
  });

  it('gives back in reverse order, one step at a time, when there is time again', () => {
    const plant = createPlant(THREE);
    plant.run(200, 1);
    const down = plant.steps.length;
    plant.run(3600, 100);
    const up = plant.steps.slice(down);
    expect(up.map(({ changes }) => changes.map(({ id, toFps }) => `${id}:${toFps}`).join())).toEqual([
      ...['hall:1.25', 'yard:1.25', 'gate:2.5', 'hall:2.5', 'yard:2.5'],
      ...['gate:5', 'hall:5', 'yard:5', 'gate:10', 'hall:10', 'yard:10'],
    ]);
    expect(plant.controller.level).toBe(0);
    expect(gapsOf(up).every((gapMs) => gapMs >= OPTIONS.raiseAfterMs)).toBe(true);
  });

  it('waits for twice as long when more would be asked for than was looked at when there was no time', () => {
    const fits = createPlant([{ id: 'a' }, { id: 'b' }]);
    fits.run(20, 13);
    fits.leave('b');
    fits.run(70, 13);
    expect(fits.brief()).toEqual(['17 down a:5 b:5', '79 up a:10']);
    const not = createPlant([{ id: 'a' }, { id: 'b' }]);
    not.run(20, 13);
    not.run(200, 100);
    expect(not.brief()).toEqual(['17 down a:5 b:5', '139 up a:10 b:10']);
  });

  it('waits longer and longer after steps up that had to be taken back, up to a bound', () => {
    const plant = createPlant([{ id: 'a' }, { id: 'b' }]);
    plant.run(4 * 3600, 12);
    const ups = plant.steps.filter(({ direction }) => direction === 'up');
    const waits = gapsOf(plant.steps).filter((_gap, index) => plant.steps[index + 1]!.direction === 'up');
    expect(ups.length).toBeLessThan(14);
    const least = [2, 4, 8, 16, 32, 32].map((times) => times * OPTIONS.raiseAfterMs);
    for (const [index, leastMs] of least.entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(leastMs);
      expect(waits[index]).toBeLessThan(leastMs + 5000);
    }
  });

  it('forgets that after a step up that lasted', () => {
    const plant = createPlant([{ id: 'a' }, { id: 'b' }]);
    plant.run(600, 12);
    const tries = plant.steps.filter(({ direction }) => direction === 'up').length;
    expect(tries).toBeGreaterThan(1);
    plant.run(3600, 100);
    expect(plant.controller.level).toBe(0);
    const before = plant.steps.length;
    plant.run(20, 12);
    plant.run(130, 100);
    const [down, up] = plant.steps.slice(before);
    expect(up!.atMs - down!.atMs).toBeLessThan(2 * OPTIONS.raiseAfterMs + 5000);
  });

  it('leaves all as it is for the trouble of one camera, however great', () => {
    const plant = createPlant(THREE);
    plant.run(600, 100, 'gate');
    expect(plant.steps).toEqual([]);
    const alone = createPlant([{ id: 'only' }]);
    alone.run(20, 4);
    expect(alone.rates()).toBe('5');
  });

  it('halves what a camera really sends', () => {
    const plant = createPlant([
      { id: 'a', fps: 6, maxFps: 10 },
      { id: 'b', fps: 9.6, maxFps: 10 },
      { id: 'c', fps: 10, maxFps: Infinity },
    ]);
    plant.run(20, 2);
    expect(plant.steps[0]!.changes).toMatchObject([
      { id: 'a', fromFps: 6, toFps: 3 },
      { id: 'b', fromFps: 10, toFps: 5 },
      { id: 'c', fromFps: 10, toFps: 5 },
    ]);
  });

  it('decides nothing from a time in which it could not look, or should not', () => {
    const plant = createPlant(THREE);
    plant.run(14, 1);
    plant.sleep(60_000);
    plant.run(14, 1);
    plant.controller.hold();
    plant.run(14, 1);
    expect(plant.steps).toEqual([]);
  });

  it('lets paused cameras go on at once when the others are gone', () => {
    const plant = createPlant(THREE);
    plant.run(300, 1);
    expect(plant.rates()).toBe('1.25 0 0');
    plant.leave('gate');
    expect(plant.rates()).toBe('1.25 0');
  });

  it('refuses options that are none', () => {
    expect(() => createSaturationController({ ...OPTIONS, minFps: 0 })).toThrow('minFps');
  });
});

const camera = fc.record({ priority: fc.integer({ min: 0, max: 9 }), fps: fc.constantFrom(0.5, 2, 10, 25) });
const spell = fc.record({
  seconds: fc.integer({ min: 1, max: 600 }),
  capacityFps: fc.constantFrom(0.5, 3, 10, 30, 100),
  change: fc.constantFrom('none', 'none', 'join', 'leave'),
});

describe('createSaturationController, whatever comes', () => {
  it('never goes up sooner than its wait, nor down sooner than its own, nor pauses the last camera', () => {
    fc.assert(
      fc.property(
        fc.array(camera, { minLength: 1, maxLength: 6 }),
        fc.array(spell, { minLength: 1, maxLength: 12 }),
        (given, spells) => {
          const plant = createPlant(given.map((each, index) => ({ id: `c${index}`, ...each })));
          let joinedCount = given.length;
          for (const { seconds, capacityFps, change } of spells) {
            const { cameras } = plant.controller;
            if (change === 'join') plant.join({ id: `c${joinedCount}`, priority: joinedCount++ % 10 });
            if (change === 'leave' && cameras.length > 1) plant.leave(cameras[0]!.id);
            for (let second = 0; second < seconds; second++) {
              plant.tick(capacityFps);
            }
            expect(plant.controller.cameras.some(({ isPaused }) => !isPaused)).toBe(true);
          }
          expectCalm(plant.steps);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('settles: under a steady load it tries at most once in the longest wait in the end', () => {
    fc.assert(
      fc.property(
        fc.array(camera, { minLength: 1, maxLength: 5 }),
        fc.double({ min: 0.5, max: 60, noNaN: true }),
        (given, capacityFps) => {
          const plant = createPlant(given.map((each, index) => ({ id: `c${index}`, ...each })));
          plant.run(2 * 3600, capacityFps);
          const before = plant.steps.length;
          plant.run(3600, capacityFps);
          const late = plant.steps.slice(before).filter(({ direction }) => direction === 'up');
          expect(late.length).toBeLessThanOrEqual(4);
        },
      ),
      { numRuns: 12 },
    );
  });
});

/** Between two steps lies the wait of the second; a try that failed makes the wait after the next one longer. */
function expectCalm(steps: readonly TimedStep[]): void {
  for (const [index, step] of steps.entries()) {
    expect(step.changes.length).toBeGreaterThan(0);
    const previous = steps[index - 1];
    if (previous === undefined) continue;
    const gapMs = step.atMs - previous.atMs;
    const leastMs = step.direction === 'up' ? OPTIONS.raiseAfterMs : OPTIONS.lowerAfterMs;
    expect(gapMs).toBeGreaterThanOrEqual(leastMs);
    const [first, second] = [steps[index - 2], previous];
    const hasFailed =
      first?.direction === 'up' &&
      second.direction === 'down' &&
      second.atMs - first.atMs < OPTIONS.raiseAfterMs;
    if (step.direction === 'up' && hasFailed) expect(gapMs).toBeGreaterThanOrEqual(2 * OPTIONS.raiseAfterMs);
  }
}

const gapsOf = (steps: readonly TimedStep[]) =>
  steps.slice(1).map(({ atMs }, index) => atMs - steps[index]!.atMs);
