import { catchError, defer, tap } from 'rxjs';
import type { MonoTypeOperatorFunction } from 'rxjs';
import { PipelineError } from '../../models/domain/errors';
import type { OpenRequest } from './open-args';

export interface ExplainTransportOptions<T> {
  /** How the input was opened. */
  readonly request: Pick<OpenRequest, 'kind' | 'location' | 'rtspTransport'>;
  readonly isPicture: (item: T) => boolean;
}

const NAMES = { tcp: 'RTP within the connection (TCP)', udp: 'RTP in datagrams (UDP)' } as const;

/**
 * Passes a decoder's items on, and what ends it with the setting that may mend it, where how RTP travels may be the reason: an
 * RTSP camera that refuses to send it so, and one of which no datagram came. Every other error stays as it is.
 */
export function explainTransport<T>({
  request,
  isPicture,
}: ExplainTransportOptions<T>): MonoTypeOperatorFunction<T> {
  return (source) =>
    defer(() => {
      let hasPictures = false;
      return source.pipe(
        tap((item) => (hasPictures ||= isPicture(item))),
        catchError((error: unknown) => {
          throw explained(error, request, hasPictures);
        }),
      );
    });
}

function explained(
  error: unknown,
  { kind, location, rtspTransport = 'tcp' }: ExplainTransportOptions<unknown>['request'],
  hasPictures: boolean,
): unknown {
  if (kind !== 'rtsp' || !(error instanceof PipelineError)) return error;
  const { code, detail } = error;
  if (code === 'transport') {
    // RTP in datagrams has no place within TLS.
    const place = /^rtsps:/i.test(location) ? 'an rtsp:// URL and ' : '';
    const other = rtspTransport === 'tcp' ? `${place}rtspTransport: udp` : 'rtspTransport: tcp';
    const text = `camera: expected ${NAMES[rtspTransport]}, got a refusal (${detail}); set ${other}`;
    return new PipelineError(code, text, { cause: error });
  }
  if (code !== 'timeout' || rtspTransport !== 'udp' || hasPictures) return error;
  const text = `${detail}; where a firewall holds datagrams (UDP) back, set rtspTransport: tcp`;
  return new PipelineError(code, text, { cause: error });
}
