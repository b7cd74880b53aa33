import {
  NEVER,
  Observable,
  VirtualTimeScheduler,
  concat,
  concatMap,
  from,
  of,
  throwError,
  timer,
} from 'rxjs';
import type { SourceMode } from '../../../models/domain/frame';
import { PipelineError } from '../../../models/domain/errors';
import { createRedactor } from '../../../models/domain/redact';
import type { StreamFact } from '../../../operators/sources/stream-facts';
import { MAX_FRAMES } from '../../../pipeline/probe/collect';
import { probeInput } from '../../../pipeline/probe/probe-input';
import type { ProbeResult } from '../../../pipeline/probe/result';
import { frameFact } from './frames';

interface Case {
  readonly mode?: SourceMode;
  readonly windowMs?: number;
  readonly facts: (at: VirtualTimeScheduler) => Observable<StreamFact>;
  readonly stop?: (at: VirtualTimeScheduler) => Observable<unknown>;
}

/** Runs a probe in virtual time; tells when it left its source. */
async function probe({ mode = 'live', windowMs = 5000, facts, stop }: Case) {
  const scheduler = new VirtualTimeScheduler(undefined, Infinity);
  let leftAtMs: number | undefined;
  const source = new Observable<StreamFact>((subscriber) => {
    const inner = facts(scheduler).subscribe(subscriber);
    return () => {
      leftAtMs = scheduler.now();
      inner.unsubscribe();
    };
  });
  const result = probeInput({
    input: {
      kind: mode === 'live' ? 'rtsp' : 'file',
      location: 'rtsp://h/s',
      displayName: 'rtsp://h/s?key=s3cret-word',
    },
    mode,
    windowMs,
    maxFps: 10,
    facts: source,
    stop: stop?.(scheduler) ?? NEVER,
    hide: createRedactor(['s3cret-word']),
    clock: { nowMs: () => scheduler.now(), monotonicMs: () => scheduler.now() },
    scheduler,
  });
  scheduler.flush();
  return { result: await result, leftAtMs };
}

const OPENING: readonly StreamFact[] = [
  { kind: 'started', arrivedMs: 0 },
  { kind: 'opened', arrivedMs: 40 },
  { kind: 'stream', stream: { index: 0, type: 'video', codec: 'h264', profile: 'Main' } },
  { kind: 'stream', stream: { index: 1, type: 'audio', codec: 'aac' } },
];

/** Ten pictures a second of stream time, `paceMs` of wall time apart. */
const pictures = (at: VirtualTimeScheduler, count: number, paceMs = 100): Observable<StreamFact> =>
  concat(
    from(OPENING),
    from(Array.from({ length: count }, (_, index) => index)).pipe(
      concatMap((index) =>
        concat(
          timer(paceMs, at).pipe(
            concatMap(() => of<StreamFact>({ kind: 'packet', isKey: index % 20 === 0, byteLength: 1000 })),
          ),
          new Observable<StreamFact>((subscriber) => {
            subscriber.next(frameFact({ ptsMs: index * 100, arrivedMs: at.now(), isKey: index % 20 === 0 }));
            subscriber.complete();
          }),
        ),
      ),
    ),
  );

const errorOf = (result: ProbeResult) => (result.state === 'failed' ? result.error : undefined);

describe('probeInput', () => {
  it('watches a camera for the time asked for, from its first picture on', async () => {
    const { result, leftAtMs } = await probe({ facts: (at) => pictures(at, 1000) });
    expect(result).toMatchObject({
      v: 1,
      state: 'ok',
      input: 'rtsp://h/s?key=***',
      transport: 'rtsp-tcp',
      connectMs: 40,
      firstFrameMs: 100,
      video: { codec: 'h264', profile: 'Main', measuredFps: 10, bitrateBps: 80_000, hasBFrames: false },
      audio: [{ codec: 'aac' }],
      advice: [],
    });
    expect(leftAtMs).toBeGreaterThanOrEqual(5100);
    expect(leftAtMs).toBeLessThan(5300);
  });

  it('reads a recording up to the stream time asked for, however fast it comes', async () => {
    const { result, leftAtMs } = await probe({
      mode: 'recorded',
      windowMs: 3000,
      facts: (at) => pictures(at, 1000, 1),
    });
    expect(result).toMatchObject({ state: 'ok', measuredMs: 3000, video: { frameCount: 31 } });
    expect(leftAtMs).toBeLessThan(100);
  });

  it('takes a recording that is shorter as it is', async () => {
    const { result } = await probe({ mode: 'recorded', facts: (at) => pictures(at, 7, 1) });
    expect(result).toMatchObject({ state: 'ok', measuredMs: 600, video: { frameCount: 7 } });
  });

  it('does not wait for ever for a recording that is slow, or whose time stands still', async () => {
    const slow = await probe({ mode: 'recorded', facts: (at) => pictures(at, 10_000, 15_000) });
    expect(slow.result.state).toBe('ok');
    expect(slow.leftAtMs).toBeLessThan(100_000);
    const frame = frameFact({ ptsMs: 0 });
    const still = await probe({
      mode: 'recorded',
      facts: () => concat(from(OPENING), from(Array.from({ length: 2 * MAX_FRAMES }, () => frame)), NEVER),
    });
    expect(still.result).toMatchObject({ state: 'ok', video: { frameCount: MAX_FRAMES } });
  });

  it('gives up what shows nothing in time, and says what came', async () => {
    const packet: StreamFact = { kind: 'packet', isKey: false, byteLength: 10 };
    const { result, leftAtMs } = await probe({
      facts: () => concat(from(OPENING), of(packet, packet), NEVER),
    });
    expect(errorOf(result)).toEqual({
      code: 'timeout',
      detail: 'expected a picture within 20 s, got none (2 packets of video)',
      remedy: 'check that the camera is on and reachable from this host',
    });
    expect(leftAtMs).toBe(20_100);
    expect(errorOf((await probe({ facts: () => NEVER })).result)?.code).toBe('timeout');
  });

  it.each<[string, Case, string, string]>([
    [
      'a camera that ends',
      { facts: (at) => pictures(at, 12) },
      'ended',
      'expected 5 s of pictures, got 1.1 s before the source ended',
    ],
    [
      'a camera that falls silent',
      { facts: (at) => concat(pictures(at, 12), NEVER) },
      'timeout',
      'expected pictures all the time, got none for the last 4.0 s',
    ],
    [
      'a recording without pictures',
      { mode: 'recorded', facts: () => from(OPENING) },
      'corrupt',
      'expected pictures, got none',
    ],
    [
      'an error, without what is secret in it',
      { facts: () => throwError(() => new PipelineError('auth', 'rtsp://guard:s3cret-word@h: 401')) },
      'auth',
      'rtsp://***@h: 401',
    ],
  ])('fails for %s', async (_what, given, code, detail) => {
    expect(errorOf((await probe(given)).result)).toMatchObject({ code, detail });
  });

  it('ends with what it has when it is stopped, and says so when that is nothing', async () => {
    const some = await probe({ facts: (at) => pictures(at, 1000), stop: (at) => timer(2050, at) });
    expect(some.result).toMatchObject({ state: 'ok', video: { frameCount: 20 } });
    expect(some.leftAtMs).toBe(2050);
    const none = await probe({ facts: () => NEVER, stop: () => of(1) });
    expect(none.result).toEqual({ v: 1, input: 'rtsp://h/s?key=***', state: 'stopped' });
  });

  it('counts as damage of a camera only what comes after its first picture', async () => {
    const damage: StreamFact = { kind: 'damage', detail: 'Invalid NAL of s3cret-word', count: 2 };
    const facts = (at: VirtualTimeScheduler) =>
      concat(of(damage), pictures(at, 30), of<StreamFact>({ ...damage, count: 3 }), NEVER);
    const stop = (at: VirtualTimeScheduler) => timer(3500, at);
    const live = await probe({ facts, stop });
    expect(live.result).toMatchObject({ damage: { count: 3, first: 'Invalid NAL of ***' } });
    const recorded = await probe({ mode: 'recorded', facts, stop });
    expect(recorded.result).toMatchObject({ damage: { count: 5 }, advice: [{ code: 'damaged' }] });
  });
});
