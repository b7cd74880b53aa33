import { NEVER, concat, defer, delay, finalize, map, of } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { cameraId } from '../../../models/domain/frame';
import type { DecodedFrame } from '../../../operators/sources/ffmpeg-frames';
import { viewSource } from '../../../operators/sources/view-source';

function view(ptsMs: number): DecodedFrame {
  const size = { width: 64, height: 48 };
  return {
    shown: { rendition: 'view', ptsMs, size, sampleAspect: [1, 1], isKey: true },
    lease: { pixels: new Uint8Array(0), retain: () => undefined, release: () => undefined },
    muxedPtsMs: ptsMs,
  };
}

describe('viewSource', () => {
  it('gives the pictures of a stream that is kept up by itself, and tells of its states aside', () => {
    const told: string[] = [];
    const seen: string[] = [];
    new TestScheduler(() => undefined).run(({ hot }) => {
      let attempts = 0;
      const attempt = () => (attempts++ === 0 ? of(view(0), view(40)) : of(view(7000)).pipe(delay(10)));
      viewSource({
        cameraId: cameraId('front'),
        clock: { nowMs: () => 1_000_000, monotonicMs: () => 0 },
        decode: attempt,
        backoff: { firstMs: 100, maxMs: 100, authMs: 100, random: () => 0.5 },
        stop: hot('2s x'),
        onFailure: ({ code }) => told.push(code),
        onStatus: (status) => told.push(status.status),
      })
        .pipe(
          map(
            (item) =>
              `${item.info.segment.epoch}/${item.info.seq} at ${item.info.ptsMs} ${item.size.width} ${String(item.isApart)}`,
          ),
        )
        .subscribe({ next: (text) => seen.push(text), complete: () => seen.push('end') });
    });
    expect(seen.slice(0, 3)).toEqual(['0/0 at 0 64 true', '0/1 at 40 64 true', '1/0 at 7000 64 true']);
    expect(seen.at(-1)).toBe('end');
    expect(told.slice(0, 4)).toEqual(['online', 'ended', 'offline', 'lapsed']);
  });

  it('runs no decoder while its camera rests, nor after it was stopped', () => {
    const told: string[] = [];
    let decoders = 0;
    const seen: string[] = [];
    const scheduler = new TestScheduler(() => undefined);
    scheduler.run(({ hot }) => {
      const at = (what: string) => told.push(`${scheduler.now()} ${what}, ${decoders} decoding`);
      viewSource({
        cameraId: cameraId('front'),
        clock: { nowMs: () => 1_000_000 + scheduler.now(), monotonicMs: () => scheduler.now() },
        decode: () =>
          defer(() => {
            decoders++;
            return concat(of(view(0)), NEVER).pipe(finalize(() => decoders--));
          }),
        stop: hot('8s x'),
        paused: hot('f 999ms t 2999ms f 999ms t', { f: false, t: true }),
        onStatus: (status) => status.status !== 'lapsed' && at(status.status),
      }).subscribe({
        next: ({ info }) => seen.push(`${info.segment.epoch}/${info.seq}`),
        complete: () => at('end'),
      });
    });
    expect(told).toEqual([
      '0 online, 1 decoding',
      '1000 offline, 0 decoding',
      '4000 online, 1 decoding',
      '5000 offline, 0 decoding',
      '8000 end, 0 decoding',
    ]);
    expect(seen).toEqual(['0/0', '1/0']);
  });
});
