import type { Observable } from 'rxjs';
import { lastValueFrom, of, throwError, toArray } from 'rxjs';
import { PipelineError } from '../../../models/domain/errors';
import { hardwareFallback } from '../../../operators/sources/hardware-fallback';

describe('hardwareFallback', () => {
  const run = (attempt: () => Observable<string>) => lastValueFrom(attempt().pipe(toArray()));

  it('decodes in hardware while that works', async () => {
    const attempt = hardwareFallback({ decode: (inHardware) => of(String(inHardware)), onFallback: fail });
    expect([...(await run(attempt)), ...(await run(attempt))]).toEqual(['true', 'true']);
  });

  it('goes on by the CPU, at once and for good, where there is no such hardware, and says so once', async () => {
    const told: string[] = [];
    const tried: boolean[] = [];
    const attempt = hardwareFallback({
      decode(inHardware) {
        tried.push(inHardware);
        return inHardware ? throwError(() => new PipelineError('hwaccel', 'none')) : of('pictures');
      },
      onFallback: ({ message }) => told.push(message),
    });
    expect([...(await run(attempt)), ...(await run(attempt))]).toEqual(['pictures', 'pictures']);
    expect(tried).toEqual([true, false, false]);
    expect(told).toEqual(['hwaccel: none']);
  });

  it('passes other errors on, and tries the hardware again', async () => {
    const tried: boolean[] = [];
    const attempt = hardwareFallback({
      decode(inHardware) {
        tried.push(inHardware);
        return throwError(() => new PipelineError('refused', 'no'));
      },
      onFallback: fail,
    });
    for (let count = 0; count < 2; count++)
      await expect(run(attempt as never)).rejects.toThrow('refused: no');
    expect(tried).toEqual([true, true]);
  });
});

function fail(): never {
  throw new Error('expected no fallback, got one');
}
