import fc from 'fast-check';
import { cameraId } from '../../../models/domain/frame';
import {
  MAX_LEVEL,
  depthOf,
  fpsOf,
  joined,
  lowered,
  parted,
  raised,
} from '../../../pipeline/saturation/ladder';
import type { ThrottledCamera } from '../../../pipeline/saturation/ladder';

const OPTIONS = { minFps: 1, mayPause: true };

function camerasOf(
  ...given: readonly (readonly [id: string, priority: number, fullFps: number])[]
): readonly ThrottledCamera[] {
  return given.reduce<readonly ThrottledCamera[]>(
    (cameras, [id, priority, fullFps]) => joined(cameras, { id: cameraId(id), priority, fullFps }),
    [],
  );
}

const ratesOf = (cameras: readonly ThrottledCamera[], minFps = 1) =>
  cameras.map((camera) => fpsOf(camera, minFps)).join(' ');

/** Rates of all cameras after each step, until there is none any more. */
function walk(
  cameras: readonly ThrottledCamera[],
  step: typeof lowered,
  options = OPTIONS,
): { rates: string[]; end: readonly ThrottledCamera[] } {
  const rates: string[] = [];
  for (let next = step(cameras, options); next !== undefined; next = step(cameras, options)) {
    cameras = next;
    rates.push(ratesOf(cameras, options.minFps));
    if (rates.length > 100) throw new Error('no end');
  }
  return { rates, end: cameras };
}

describe('the ladder', () => {
  it('halves the rates of cameras of one priority together, then pauses them by name from the last', () => {
    const { rates } = walk(camerasOf(['a', 5, 10], ['b', 5, 10], ['c', 5, 10]), lowered);
    expect(rates).toEqual(['5 5 5', '2.5 2.5 2.5', '1.25 1.25 1.25', '1.25 1.25 0', '1.25 0 0']);
  });

  it('halves the rate of the least important first, and none a second time before all were once', () => {
    const { rates } = walk(camerasOf(['a', 9, 8], ['b', 2, 8], ['c', 5, 8]), lowered);
    expect(rates).toEqual([
      ...['8 4 8', '8 4 4', '4 4 4'],
      ...['4 2 4', '4 2 2', '2 2 2'],
      ...['2 1 2', '2 1 1', '1 1 1'],
      ...['1 0 1', '1 0 0'],
    ]);
  });

  it('goes back the way it came', () => {
    const cameras = camerasOf(['a', 9, 10], ['b', 2, 6], ['c', 5, 30], ['d', 5, 4]);
    const down = walk(cameras, lowered);
    const up = walk(down.end, raised);
    expect(up.rates).toEqual([...down.rates.slice(0, -1).reverse(), ratesOf(cameras)]);
    expect(depthOf(down.end)).toBe(MAX_LEVEL + 3);
    expect(depthOf(up.end)).toBe(0);
  });

  it('leaves out steps that would change nothing', () => {
    const { rates } = walk(camerasOf(['slow', 1, 1], ['slower', 1, 0.2], ['fast', 9, 4]), lowered);
    expect(rates).toEqual(['1 0.2 2', '1 0.2 1', '1 0 1', '0 0 1']);
  });

  it('pauses nobody where it may not, and neither the only camera nor one of unknown rate is lowered', () => {
    const two = walk(camerasOf(['a', 5, 4], ['b', 5, 4]), lowered, { minFps: 2, mayPause: false });
    expect(two.rates).toEqual(['2 2']);
    expect(walk(camerasOf(['a', 5, 1]), lowered).rates).toEqual([]);
    expect(lowered(camerasOf(['a', 5, Infinity]), OPTIONS)).toBeUndefined();
    expect(lowered([], OPTIONS)).toBeUndefined();
    expect(raised([], OPTIONS)).toBeUndefined();
  });

  it('lets a camera that comes later stand where it would have been from the start', () => {
    const { end } = walk(camerasOf(['a', 5, 10], ['b', 5, 10]), lowered);
    const more = joined(joined(joined(end, of('low', 2)), of('same', 5)), of('high', 8));
    expect(more.slice(2)).toEqual([
      expect.objectContaining({ level: MAX_LEVEL, isPaused: true }),
      expect.objectContaining({ level: MAX_LEVEL, isPaused: false }),
      expect.objectContaining({ level: 0, isPaused: false }),
    ]);
  });

  it('lets the most important paused camera go on when none is left that is not', () => {
    const { end } = walk(camerasOf(['a', 5, 4], ['b', 3, 4], ['c', 4, 4]), lowered);
    expect(ratesOf(end)).toBe('1 0 0');
    expect(ratesOf(parted(end, cameraId('a')))).toBe('0 1');
    expect(parted(camerasOf(['a', 5, 4]), cameraId('a'))).toEqual([]);
  });
});

const of = (id: string, priority: number) => ({ id: cameraId(id), priority, fullFps: 10 });

interface Action {
  readonly kind: 'down' | 'up' | 'join' | 'leave';
  /** Which camera comes or leaves. */
  readonly pick: number;
}

const priority = fc.integer({ min: 0, max: 9 });
const fullFps = fc.constantFrom(0.2, 1, 3, 10, 30, Infinity);
const action: fc.Arbitrary<Action> = fc.record({
  kind: fc.constantFrom('down', 'down', 'up', 'join', 'leave'),
  pick: fc.nat(9),
});

describe('the ladder, whatever comes', () => {
  it('keeps every floor, one camera running, and the more important ahead of the less', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(priority, fullFps), { minLength: 10, maxLength: 10 }),
        fc.array(action, { maxLength: 60 }),
        fc.constantFrom(0.5, 1, 2.5),
        (kinds, actions, minFps) => {
          let cameras: readonly ThrottledCamera[] = [];
          for (const next of [{ kind: 'join', pick: 0 } as const, ...actions]) {
            cameras = act(cameras, next, kinds, minFps);
            expectOrder(cameras, minFps);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

function act(
  cameras: readonly ThrottledCamera[],
  action: Action,
  kinds: readonly (readonly [number, number])[],
  minFps: number,
): readonly ThrottledCamera[] {
  if (action.kind === 'down') return lowered(cameras, { minFps, mayPause: true }) ?? cameras;
  if (action.kind === 'up') return raised(cameras, { minFps, mayPause: true }) ?? cameras;
  const id = cameraId(`c${action.pick}`);
  if (action.kind === 'leave') return parted(cameras, id);
  if (cameras.some((camera) => camera.id === id)) return cameras;
  const [priority, fullFps] = kinds[action.pick]!;
  return joined(cameras, { id, priority, fullFps });
}

function expectOrder(cameras: readonly ThrottledCamera[], minFps: number): void {
  if (cameras.length > 0) expect(cameras.some(({ isPaused }) => !isPaused)).toBe(true);
  for (const camera of cameras) {
    const fps = fpsOf({ ...camera, isPaused: false }, minFps);
    expect(fps).toBeGreaterThanOrEqual(Math.min(minFps, camera.fullFps));
    expect(fps).toBeLessThanOrEqual(camera.fullFps);
    for (const lesser of cameras.filter((other) => other.priority < camera.priority)) {
      expect(lesser.level).toBeGreaterThanOrEqual(camera.level);
      if (camera.isPaused) expect(lesser.isPaused).toBe(true);
    }
  }
}
