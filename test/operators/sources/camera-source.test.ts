import { EMPTY, NEVER, Observable, Subject, concat, delay, map, of, throwError, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { PipelineError } from '../../../models/domain/errors';
import { createLedger } from '../../../models/domain/ledger';
import { cameraSource } from '../../../operators/sources/camera-source';
import type { CameraSignal, CameraSourceOptions } from '../../../operators/sources/camera-source';
import type { DecodedFrame } from '../../../operators/sources/ffmpeg-frames';
import { brief, decoded, options } from '../../support/camera-attempts';

function collect(source: Observable<CameraSignal>): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const seen: string[] = [];
    source.subscribe({
      next: (item) => seen.push(brief(item)),
      error: reject,
      complete: () => resolve(seen),
    });
  });
}

describe('cameraSource of a recorded input', () => {
  it('is online with its first frame and offline when it completed', async () => {
    const ledger = createLedger();
    const source = cameraSource(options({ ledger, decode: () => of(decoded(0), decoded(100)) }));
    expect(await collect(source)).toEqual([
      'online',
      'frame 0/0 at 0',
      'frame 0/1 at 100',
      'offline completed',
    ]);
    expect(ledger.total()).toMatchObject({ received: 2, inFlight: 2 });
  });

  it('ends with the cause when it broke, after the frames that came, and tells it once', async () => {
    const failures: string[] = [];
    const source = cameraSource(
      options({
        decode: () =>
          concat(
            of(decoded(0)),
            throwError(() => new PipelineError('corrupt', 'half a file')),
          ),
        onFailure: (error, retryInMs) => failures.push(`${error.message} ${retryInMs}`),
      }),
    );
    expect(await collect(source)).toEqual(['online', 'frame 0/0 at 0', 'offline corrupt']);
    expect(failures).toEqual(['corrupt: half a file undefined']);
  });

  it('gives back the frame of a picture that a stop in its first status cut off', async () => {
    const stop = new Subject<void>();
    const released = { count: 0 };
    const ledger = createLedger();
    const source = cameraSource(options({ decode: () => of(decoded(0, released)), stop, ledger }));
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      source.subscribe({
        next(item) {
          seen.push(brief(item));
          if (item.kind === 'status' && item.status === 'online') stop.next();
        },
        complete: resolve,
      });
    });
    expect(seen).toEqual(['online', 'offline stopped']);
    expect(released.count).toBe(1);
    expect(ledger.total()).toMatchObject({ received: 1, inFlight: 0, dropped: { stopped: 1 } });
  });

  it('stops in good order: no more frames, then offline', async () => {
    const stop = new Subject<void>();
    let isReleased = false;
    const decode = () =>
      new Observable<DecodedFrame>((subscriber) => {
        subscriber.next(decoded(0));
        return () => (isReleased = true);
      });
    const seen = collect(cameraSource(options({ decode, stop })));
    stop.next();
    expect(await seen).toEqual(['online', 'frame 0/0 at 0', 'offline stopped']);
    expect(isReleased).toBe(true);
  });

  it('counts a frame that had no buffer instead of emitting it', async () => {
    const ledger = createLedger();
    const decode = () => of({ ...decoded(0), lease: undefined });
    expect(await collect(cameraSource(options({ ledger, decode, mode: 'recorded' })))).toEqual([
      'online',
      'offline completed',
    ]);
    expect(ledger.total()).toMatchObject({ received: 1, dropped: { no_slot: 1 }, inFlight: 0 });
  });
});

describe('cameraSource of a live input', () => {
  function live(
    decodes: readonly (() => Observable<DecodedFrame>)[],
    runMs: number,
    extra: Partial<CameraSourceOptions> = {},
  ) {
    const scheduler = new TestScheduler(() => undefined);
    const seen: string[] = [];
    scheduler.run(({ cold }) => {
      let attempt = 0;
      const source = cameraSource(
        options({
          mode: 'live',
          decode: () => (decodes[attempt++] ?? (() => NEVER))(),
          stop: cold(`${runMs}ms x`),
          scheduler,
          backoff: { firstMs: 1000, maxMs: 4000, authMs: 60_000, random: () => 1 },
          clock: { nowMs: () => scheduler.now(), monotonicMs: () => scheduler.now() },
          ...extra,
        }),
      );
      source.subscribe({
        next: (item) => seen.push(`${scheduler.now()} ${brief(item)}`),
        complete: () => seen.push(`${scheduler.now()} complete`),
      });
    });
    return seen;
  }
  const fails = (code: 'refused' | 'auth') => () => throwError(() => new PipelineError(code, 'no'));

  it('treats the end of the stream as an outage and comes back as a new, resumed segment', () => {
    expect(live([() => of(decoded(0)), () => concat(of(decoded(0)), NEVER)], 3000)).toEqual([
      '0 online',
      '0 frame 0/0 at 0',
      '0 offline ended',
      '1000 online',
      '1000 frame 1/0 at 0',
      '3000 offline stopped',
      '3000 complete',
    ]);
  });

  it('tells an outage once, tries again with growing delays, and says when tracks are over', () => {
    const retries: (number | undefined)[] = [];
    const seen = live([() => of(decoded(0)), fails('refused'), fails('refused'), fails('refused')], 20_000, {
      onFailure: (_error, retryInMs) => retries.push(retryInMs),
    });
    expect(seen).toEqual([
      '0 online',
      '0 frame 0/0 at 0',
      '0 offline ended',
      '5000 lapsed',
      '20000 complete',
    ]);
    expect(retries).toEqual([1000, 2000, 4000, 4000]);
  });

  it('waits long after wrong credentials, since cameras lock accounts', () => {
    const retries: (number | undefined)[] = [];
    live([fails('auth'), fails('auth')], 90_000, {
      onFailure: (_error, retryInMs) => retries.push(retryInMs),
    });
    expect(retries).toEqual([61_000, 62_000]);
  });

  it('loops a file without an outage, each time as another scene', () => {
    const frame = () => of(decoded(0)).pipe(delay(1000));
    expect(live([frame, frame], 2500, { isLooping: true })).toEqual([
      '1000 online',
      '1000 frame 0/0 at 0',
      '2000 frame 1/0 at 0',
      '2500 offline stopped',
      '2500 complete',
    ]);
  });

  it('loops a lone picture once a second, and takes a file that has become empty for an outage', () => {
    const frame = () => of(decoded(0)).pipe(delay(10));
    expect(live([frame, frame, () => EMPTY, frame], 4500, { isLooping: true })).toEqual([
      '10 online',
      '10 frame 0/0 at 0',
      '1010 frame 1/0 at 0',
      '2000 offline ended',
      '3010 online',
      '3010 frame 2/0 at 0',
      '4500 offline stopped',
      '4500 complete',
    ]);
  });

  describe('that is paused', () => {
    const after = (ms: number, isPaused: boolean) => timer(ms).pipe(map(() => isPaused));
    const runs: string[] = [];
    const decode = () =>
      new Observable<DecodedFrame>((subscriber) => {
        runs.push('begin');
        subscriber.next(decoded(0));
        return () => runs.push('end');
      });
    beforeEach(() => runs.splice(0));

    it('has no decoder meanwhile, and takes that for an outage', () => {
      const paused = concat(of(false, false), after(1000, true), after(9000, true), after(10_000, false));
      expect(live([decode, decode], 21_000, { paused })).toEqual([
        ...['0 online', '0 frame 0/0 at 0'],
        ...['1000 offline paused', '6000 lapsed'],
        ...['20000 online', '20000 frame 1/0 at 0'],
        ...['21000 offline stopped', '21000 complete'],
      ]);
      expect(runs).toEqual(['begin', 'end', 'begin', 'end']);
    });

    it('lets tracks go on after a short pause', () => {
      const paused = concat(of(false), after(1000, true), after(3000, false));
      expect(live([decode, decode], 12_000, { paused })).toEqual([
        ...['0 online', '0 frame 0/0 at 0', '1000 offline paused'],
        ...['4000 online', '4000 frame 1/0 at 0', '12000 offline stopped', '12000 complete'],
      ]);
    });

    it('ends in good order, and says nothing twice', () => {
      const paused = concat(of(true), NEVER);
      expect(live([decode], 2000, { paused })).toEqual(['0 offline paused', '2000 complete']);
      expect(runs).toEqual([]);
    });

    it('is not tried again, and starts at once afterwards', () => {
      const retries: (number | undefined)[] = [];
      const paused = concat(of(false), after(1500, true), after(60_000, false));
      const seen = live([fails('refused'), fails('refused'), decode], 62_000, {
        paused,
        onFailure: (_error, retryInMs) => retries.push(retryInMs),
      });
      expect(retries).toEqual([1000, 2000]);
      expect(seen).toEqual([
        ...['0 offline refused', '5000 lapsed', '61500 online', '61500 frame 0/0 at 0'],
        ...['62000 offline stopped', '62000 complete'],
      ]);
    });
  });
});
