import { Subject, defer, filter, finalize, merge } from 'rxjs';
import type { Observable } from 'rxjs';
import { explainTransport } from './explain-transport';
import { pictureRuns } from './picture-runs';
import { streamFacts } from './stream-facts';
import type { StreamFact, StreamFactsOptions } from './stream-facts';

export interface InputFactsOptions extends StreamFactsOptions {
  readonly request: StreamFactsOptions['request'] & {
    /** Folders: pictures a second of stream time. Default 10. */
    readonly folderFps?: number;
  };
}

/** What FFmpeg tells of an input of any kind, opened as `decodeInput` does; otherwise as `streamFacts`. */
export function inputFacts(options: InputFactsOptions): Observable<StreamFact> {
  const { request } = options;
  const { folderFps = 10, location } = request;
  if (request.kind !== 'folder') {
    const isPicture = ({ kind }: StreamFact) => kind === 'frame';
    return streamFacts(options).pipe(explainTransport({ request, isPicture }));
  }
  return defer(() => {
    const begun = new Set<StreamFact['kind']>();
    /** One decoder after the other is still one input, which is opened once. */
    const isNew = ({ kind }: StreamFact) => {
      if (kind !== 'started' && kind !== 'opened') return true;
      const isFirst = !begun.has(kind);
      begun.add(kind);
      return isFirst;
    };
    const skipped = new Subject<StreamFact>();
    const facts = pictureRuns({
      folder: location,
      fps: folderFps,
      decode: (pictures) => streamFacts({ ...options, request: { ...request, pictures } }),
      onSkipped: (detail) => skipped.next({ kind: 'damage', detail, count: 1 }),
    });
    return merge(skipped, facts.pipe(finalize(() => skipped.complete()))).pipe(filter(isNew));
  });
}
