import { EMPTY, catchError, filter, lastValueFrom, take, takeUntil, timer, toArray } from 'rxjs';
import { systemClock } from '../../models/domain/clock';
import { toPipelineError } from '../../models/domain/errors';
import type { PipelineError } from '../../models/domain/errors';
import type { SourceMode } from '../../models/domain/frame';
import { inputFacts } from '../../operators/sources/input-facts';
import type { InputFactsOptions } from '../../operators/sources/input-facts';
import type { FrameFact, StreamFact } from '../../operators/sources/stream-facts';

/** The first `count` pictures of an input, or all of them. */
export function picturesOf(
  request: InputFactsOptions['request'],
  mode: SourceMode,
  count = Infinity,
): Promise<readonly FrameFact[]> {
  return lastValueFrom(
    inputFacts({ request, mode, clock: systemClock }).pipe(
      filter((fact): fact is FrameFact => fact.kind === 'frame'),
      take(count),
      toArray(),
    ),
  );
}

/** What became of an input that should give no picture: its error, and all that was told until then, or for so long. */
export async function failureOf(
  request: InputFactsOptions['request'],
  patienceMs = 15_000,
): Promise<{ readonly error: PipelineError | undefined; readonly facts: readonly StreamFact[] }> {
  let error: PipelineError | undefined;
  const facts = await lastValueFrom(
    inputFacts({ request, mode: 'live', clock: systemClock }).pipe(
      takeUntil(timer(patienceMs)),
      catchError((cause: unknown) => {
        error = toPipelineError(cause);
        return EMPTY;
      }),
      toArray(),
    ),
  );
  return { error, facts };
}
