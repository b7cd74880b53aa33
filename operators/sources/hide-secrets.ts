import { catchError, map, pipe } from 'rxjs';
import type { MonoTypeOperatorFunction } from 'rxjs';
import { PipelineError } from '../../models/domain/errors';
import type { DecoderNote } from './decoder-notes';

/**
 * Passes a decoder's items and its error on, without what `hide` takes out of the words: FFmpeg repeats its URL in them, and
 * which parts of one are secret (the key of a stream in its path) only the configuration knows.
 */
export function hideSecrets<T extends object>(hide: (text: string) => string): MonoTypeOperatorFunction<T> {
  return pipe(
    map((item): T => (isDamage(item) ? { ...item, detail: hide(item.detail) } : item)),
    catchError((error: unknown) => {
      throw hidden(error, hide);
    }),
  );
}

function isDamage(item: object): item is Extract<DecoderNote, { note: 'damage' }> {
  return 'note' in item && item.note === 'damage';
}

/** The original is no cause of it: whoever prints an error with its causes would print what was hidden. */
function hidden(error: unknown, hide: (text: string) => string): unknown {
  if (!(error instanceof PipelineError)) return error;
  const detail = hide(error.detail);
  return detail === error.detail ? error : new PipelineError(error.code, detail);
}
