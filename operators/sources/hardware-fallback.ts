import { catchError, defer } from 'rxjs';
import type { Observable } from 'rxjs';
import { toPipelineError } from '../../models/domain/errors';
import type { PipelineError } from '../../models/domain/errors';

export interface HardwareFallbackOptions<T> {
  /** One attempt to decode, in hardware or by the CPU. */
  readonly decode: (inHardware: boolean) => Observable<T>;
  /** The hardware cannot be used; called once. */
  readonly onFallback: (error: PipelineError) => void;
}

/**
 * Attempts to decode in hardware, until one fails because there is none that can: then by the CPU, at once and in every later
 * attempt. Passes every other error on.
 */
export function hardwareFallback<T>({ decode, onFallback }: HardwareFallbackOptions<T>): () => Observable<T> {
  let isBroken = false;
  return () =>
    defer(() => {
      if (isBroken) return decode(false);
      return decode(true).pipe(
        catchError((error: unknown) => {
          const failure = toPipelineError(error);
          if (failure.code !== 'hwaccel') throw failure;
          isBroken = true;
          onFallback(failure);
          return decode(false);
        }),
      );
    });
}
