import { Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { watchFrames } from '../../../operators/sources/watch-frames';
import type { WatchFramesOptions } from '../../../operators/sources/watch-frames';

type Item = 'a' | 'f';

/** What comes out of a source of answers (`a`) and pictures (`f`), with the times. */
function watch(marbles: string, options: Partial<WatchFramesOptions<Item>> = {}): readonly string[] {
  const scheduler = new TestScheduler(() => undefined);
  const seen: string[] = [];
  scheduler.run(({ cold }) => {
    cold<Item>(marbles)
      .pipe(watchFrames({ isFrame: (item) => item === 'f', scheduler, ...options }))
      .subscribe({
        next: (item) => seen.push(`${scheduler.now()} ${item}`),
        error: (error: Error) => seen.push(`${scheduler.now()} ${error.message}`),
        complete: () => seen.push(`${scheduler.now()} complete`),
      });
  });
  return seen;
}

const last = (seen: readonly string[]) => seen.at(-1);

describe('watchFrames', () => {
  it('gives up on a source that does not answer, and later on one that answers and sends nothing', () => {
    expect(watch('-')).toEqual(['10000 timeout: expected a first picture, got none in 10.0 s']);
    expect(watch('9s a')).toEqual(['9000 a', '39000 timeout: expected a first picture, got none in 30.0 s']);
  });

  it('believes an announced interval until pictures show another', () => {
    const announcedMs = () => 100;
    expect(last(watch('a 99ms f', { announcedMs }))).toMatch(/^5250 stalled/);
    expect(last(watch('a 99ms f 3999ms f', { announcedMs }))).toMatch(/^16\d\d\d stalled/);
    expect(last(watch('a', { announcedMs }))).toMatch(/^30000 timeout/);
  });

  it('takes a second answer for no sign of life', () => {
    expect(last(watch('a 20s a'))).toBe('30000 timeout: expected a first picture, got none in 30.0 s');
  });

  it.each([
    [
      'five seconds after fast pictures',
      '200ms f 199ms f 199ms f',
      '5750 stalled: expected the next picture, got none for 5.2 s',
    ],
    [
      'three intervals after slow ones',
      'f 3999ms f 3999ms f',
      '20000 stalled: expected the next picture, got none for 12.0 s',
    ],
    [
      'late after a lone one, whose rate is not known',
      'f',
      '30000 stalled: expected the next picture, got none for 30.0 s',
    ],
  ])('calls a source stalled %s', (_when, marbles, error) => {
    expect(last(watch(marbles))).toBe(error);
  });

  it('knows the least interval of a rate that was asked for', () => {
    expect(last(watch('f 99ms f', { intervalMs: 4000 }))).toMatch(/^12250 stalled/);
  });

  it('passes an end and an error on', () => {
    expect(watch('f 99ms |')).toEqual(['0 f', '100 complete']);
    expect(last(watch('f 99ms #'))).toMatch(/^100 /);
  });

  describe('when the clock jumps', () => {
    /** A source that is silent but for a picture at some of these steps of the clock, each of which is a check; what it gave. */
    function jump(steps: readonly { readonly byMs: number; readonly isFrame?: boolean }[]) {
      let nowMs = 1e6;
      const actions: (() => void)[] = [];
      const scheduler = {
        now: () => nowMs,
        schedule(work: (this: { schedule: () => void }) => void) {
          const act = () => work.call({ schedule: () => actions.push(act) });
          actions.push(act);
          return { unsubscribe: () => undefined };
        },
      };
      const source = new Subject<Item>();
      const errors: unknown[] = [];
      source
        .pipe(watchFrames({ isFrame: () => true, scheduler: scheduler as never }))
        .subscribe({ error: (error) => errors.push(error) });
      source.next('f');
      source.next('f');
      for (const { byMs, isFrame = false } of steps) {
        nowMs += byMs;
        if (isFrame) source.next('f');
        actions.shift()?.();
      }
      let silentMs = 0;
      for (; errors.length === 0 && silentMs < 600_000; silentMs += 250) {
        nowMs += 250;
        actions.shift()?.();
      }
      return silentMs;
    }

    it('blames no source for a time in which this process itself stood still', () => {
      expect(jump([{ byMs: 60_000 }])).toBe(5000);
    });

    it('waits no longer for a source that was read before it noticed', () => {
      const afterwards = Array.from({ length: 100 }, () => ({ byMs: 100, isFrame: true }));
      expect(jump([...afterwards, { byMs: 60_000, isFrame: true }, ...afterwards])).toBe(5000);
      expect(jump([{ byMs: 3_600_000, isFrame: true }])).toBe(5000);
    });

    it('waits no longer for a source when the clock was set back', () => {
      expect(jump([{ byMs: -3_600_000 }])).toBe(5000);
    });
  });

  it('refuses times that are none', () => {
    expect(() => watchFrames({ isFrame: () => true, stallMs: 0 })).toThrow(RangeError);
  });
});
