import { VirtualTimeScheduler } from 'rxjs';
import { configSchema } from '../../../config/schema';
import { cameraId } from '../../../models/domain/frame';
import type { LedgerEntry } from '../../../models/domain/ledger';
import { createSaturationWatch } from '../../../pipeline/saturation/watch-saturation';
import type { SaturationSettings } from '../../../pipeline/saturation/watch-saturation';

const { saturation: defaults } = configSchema.parse({ cameras: { any: { url: '/a.mp4' } } });

/** Cameras that send 10 frames a second, of which a part is left out, in virtual time; `lateness` makes timers late by a factor. */
function lab(extra: Partial<SaturationSettings> = {}, lateness = 1) {
  const scheduler = new VirtualTimeScheduler();
  const now = () => scheduler.now() * lateness;
  const said: string[] = [];
  const state = { leftOut: 0, isServed: true, isHeldUp: false };
  const watch = createSaturationWatch({
    settings: { ...defaults, ...extra },
    clock: { nowMs: now, monotonicMs: now },
    scheduler,
    isServed: () => state.isServed,
    telemetry: {
      saturationStep: ({ direction, changes }) =>
        said.push(
          `${now() / 1000} ${direction} ${changes.map(({ id, toFps }) => `${id}:${toFps}`).join(' ')}`,
        ),
      saturationLevel: () => undefined,
      cameraPaused: (camera, isPaused) => isPaused !== false && said.push(`${camera} paused: ${isPaused}`),
    },
  });

  /** Starts a camera; its throttle, and every answer to whether it is to rest. */
  function start(id: string, priority = 5) {
    let countedMs = now();
    let received = 0;
    let superseded = 0;
    const frames = (): LedgerEntry => {
      const added = (now() - countedMs) / 100;
      countedMs = now();
      received += added;
      superseded += added * state.leftOut;
      const detected = received - superseded;
      return { received, detected, expired: 0, failed: {}, inFlight: 0, dropped: { superseded } };
    };
    const isHeldUp = () => state.isHeldUp;
    const throttle = watch.watch({ id: cameraId(id), priority, maxFps: 10, isHeldUp, frames });
    const pauses: boolean[] = [];
    throttle.paused.subscribe((isPaused) => pauses.push(isPaused));
    return { throttle, pauses };
  }

  function pass(seconds: number): void {
    scheduler.maxFrames = now() + seconds * 1000;
    scheduler.flush();
    scheduler.frame = scheduler.maxFrames;
  }
  return { watch, start, pass, said, state, scheduler };
}

describe('createSaturationWatch', () => {
  it('lowers rates after the time the configuration says, and tells what is left, for the operators and for people', () => {
    const { start, pass, said, state } = lab();
    const a = start('a', 8);
    const b = start('b', 2);
    state.leftOut = 0.5;
    pass(16);
    expect(said).toEqual([]);
    pass(2);
    expect(said).toEqual(['17 down b:5']);
    expect([a, b].map(({ throttle }) => [throttle.fps(), throttle.overload()])).toEqual([
      [undefined, undefined],
      [5, '10 → 5 fps'],
    ]);
    state.leftOut = 0;
    pass(200);
    expect(said.at(-1)).toMatch(/up b:10$/);
    expect(b.throttle.fps()).toBeUndefined();
    expect(b.throttle.overload()).toBeUndefined();
  });

  it('pauses cameras in the end, and lets them go on when the others have ended', () => {
    const { start, pass, said, state } = lab({ lowerAfterMs: 1000 });
    const a = start('a', 8);
    const b = start('b', 2);
    state.leftOut = 0.9;
    pass(60);
    expect(a.pauses).toEqual([false]);
    expect(b.pauses).toEqual([false, true]);
    expect(said).toContain('b paused: true');
    expect(b.throttle.isPaused()).toBe(true);
    a.throttle.end();
    expect(b.pauses).toEqual([false, true, false]);
    expect(said).toContain('a paused: undefined');
  });

  it.each([1.001, 1.5, 2])('lowers rates at once also when timers take %d times as long', (lateness) => {
    const { start, pass, said, state } = lab({ lowerAfterMs: 1000 }, lateness);
    start('a', 8);
    start('b', 2);
    state.leftOut = 0.9;
    pass(5);
    expect(said.at(0)).toMatch(/ down b:5$/);
  });

  it('changes nothing any more once it is closed', () => {
    const { watch, start, pass, state } = lab({ lowerAfterMs: 1000 });
    const a = start('a', 8);
    const b = start('b', 2);
    state.leftOut = 0.9;
    pass(60);
    watch.close();
    a.throttle.end();
    pass(60);
    expect(b.pauses).toEqual([false, true]);
  });

  it('takes neither missing workers nor a sink that stalls for a lack of time', () => {
    const { start, pass, said, state } = lab();
    start('a');
    start('b');
    state.leftOut = 1;
    for (const what of ['isServed', 'isHeldUp'] as const) {
      state[what] = what === 'isHeldUp';
      pass(600);
      state[what] = what === 'isServed';
    }
    expect(said).toEqual([]);
    pass(20);
    expect(said).toHaveLength(1);
  });

  it('has a timer only while there is a camera', () => {
    const { start, pass, scheduler } = lab();
    expect(scheduler.actions).toHaveLength(0);
    const { throttle } = start('a');
    pass(5);
    expect(scheduler.actions).toHaveLength(1);
    throttle.end();
    pass(5);
    expect(scheduler.actions).toHaveLength(0);
    const again = start('a');
    pass(5);
    expect(scheduler.actions).toHaveLength(1);
    again.throttle.end();
  });
});
