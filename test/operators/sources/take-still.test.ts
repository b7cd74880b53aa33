import { Subject, VirtualTimeScheduler } from 'rxjs';
import { PipelineError } from '../../../models/domain/errors';
import type { DecodedFrame } from '../../../operators/sources/ffmpeg-frames';
import { takeStill } from '../../../operators/sources/take-still';
import type { Still, TakeStillOptions } from '../../../operators/sources/take-still';

describe('takeStill', () => {
  function lab(options: TakeStillOptions) {
    const source = new Subject<DecodedFrame>();
    const stills: Still[] = [];
    const errors: unknown[] = [];
    let held = 0;
    const subscription = source
      .pipe(takeStill(options))
      .subscribe({ next: (still) => stills.push(still), error: (error: unknown) => errors.push(error) });
    const send = (ptsMs: number | undefined, value: number, { width = 4, hasPixels = true } = {}) => {
      const pixels = new Uint8Array(24).fill(value);
      if (hasPixels) held++;
      source.next({
        shown: {
          rendition: 'view',
          ptsMs,
          size: { width, height: 4 },
          sampleAspect: [1, 1],
          isKey: true,
        },
        lease: hasPixels ? { pixels, retain: () => held++, release: () => held-- } : undefined,
        muxedPtsMs: 0,
      });
      pixels.fill(0);
    };
    return { source, stills, errors, send, subscription, held: () => held };
  }

  it('takes the first picture of a recording at its time or after it, copied, in the size of the first', () => {
    const { source, stills, send, held } = lab({ mode: 'recorded', atMs: 200 });
    send(1000, 1);
    send(1190, 2, { width: 8 });
    send(1210, 3, { width: 8 });
    expect(stills).toEqual([{ size: { width: 4, height: 4 }, pixels: new Uint8Array(24).fill(3) }]);
    expect([held(), source.observed]).toEqual([0, false]);
  });

  it('waits with a camera by the clock, and for a picture that has a buffer', () => {
    const scheduler = new VirtualTimeScheduler();
    const { stills, send, held } = lab({ mode: 'live', atMs: 1000, scheduler });
    send(5000, 1);
    scheduler.frame = 999;
    send(9000, 2);
    scheduler.frame = 1000;
    send(9100, 3, { hasPixels: false });
    expect(stills).toEqual([]);
    send(9200, 4);
    expect([stills[0]?.pixels[0], held()]).toEqual([4, 0]);
  });

  it('errors when the source ends before that, and passes its error on', () => {
    const short = lab({ mode: 'recorded', atMs: 5000 });
    short.send(0, 1);
    short.send(400, 2);
    short.source.complete();
    const empty = lab({ mode: 'live' });
    empty.source.complete();
    expect([...short.errors, ...empty.errors].map(String)).toEqual([
      'PipelineError: ended: expected a picture at 5 s, got 0.4 s of pictures before the end',
      'PipelineError: ended: expected a picture at 0 s, got none before the end',
    ]);
    const broken = lab({ mode: 'live' });
    const error = new PipelineError('auth', 'no');
    broken.source.error(error);
    expect(broken.errors).toEqual([error]);
  });

  it('leaves the source when its consumer leaves, and refuses a time before the beginning', () => {
    const { source, subscription } = lab({ mode: 'live' });
    subscription.unsubscribe();
    expect(source.observed).toBe(false);
    expect(() => takeStill({ mode: 'live', atMs: -1 })).toThrow(
      'takeStill: expected atMs of 0 or more, got -1',
    );
  });
});
