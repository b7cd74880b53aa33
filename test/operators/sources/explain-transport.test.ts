import { concat, firstValueFrom, lastValueFrom, of, throwError } from 'rxjs';
import type { InputKind } from '../../../models/domain/input-kind';
import { PipelineError } from '../../../models/domain/errors';
import { explainTransport } from '../../../operators/sources/explain-transport';
import type { ExplainTransportOptions } from '../../../operators/sources/explain-transport';
import { itObeysOperatorLaws } from '../../support/operator-laws';

type Request = ExplainTransportOptions<string>['request'];

const CAMERA: Request = { kind: 'rtsp', location: 'rtsp://h/s' };
const REFUSED = new PipelineError('transport', '461');
const SILENT = new PipelineError('timeout', 'no pictures');
const isPicture = (item: string) => item === 'picture';

/** What becomes of an error after these items. */
async function told(request: Request, error: unknown, ...items: readonly string[]): Promise<unknown> {
  const source = concat(
    of(...items),
    throwError(() => error),
  );
  return lastValueFrom(source.pipe(explainTransport({ request, isPicture }))).catch(
    (caught: unknown) => caught,
  );
}

describe('explainTransport', () => {
  itObeysOperatorLaws(() => explainTransport({ request: CAMERA, isPicture }), ['note', 'picture']);

  it.each<[string, Partial<Request>, string]>([
    ['no transport named', {}, 'TCP), got a refusal (461); set rtspTransport: udp'],
    ['TCP', { rtspTransport: 'tcp' }, 'TCP), got a refusal (461); set rtspTransport: udp'],
    ['UDP', { rtspTransport: 'udp' }, 'UDP), got a refusal (461); set rtspTransport: tcp'],
    ['TLS', { location: 'RTSPS://h/s' }, 'set an rtsp:// URL and rtspTransport: udp'],
  ])('names the other transport to who was refused with %s', async (_what, more, text) => {
    expect(await told({ ...CAMERA, ...more }, REFUSED)).toMatchObject({
      code: 'transport',
      message: expect.stringContaining(text) as string,
      cause: REFUSED,
    });
  });

  it('names the firewall where no datagram ever came, and not after a first picture', async () => {
    const udp: Request = { ...CAMERA, rtspTransport: 'udp' };
    expect(await told(udp, SILENT, 'note')).toMatchObject({
      code: 'timeout',
      detail: 'no pictures; where a firewall holds datagrams (UDP) back, set rtspTransport: tcp',
    });
    expect(await told(udp, SILENT, 'picture', 'note')).toBe(SILENT);
    expect(await told(CAMERA, SILENT)).toBe(SILENT);
  });

  it('leaves every other error as it is', async () => {
    const other = new Error('other');
    expect(await told(CAMERA, other)).toBe(other);
    const auth = new PipelineError('auth', '401');
    expect(await told({ ...CAMERA, rtspTransport: 'udp' }, auth)).toBe(auth);
    for (const kind of ['http', 'sdp'] satisfies InputKind[])
      expect(await told({ kind, location: 'x' }, REFUSED)).toBe(REFUSED);
  });

  it('passes pictures on', async () => {
    const source = of('picture').pipe(explainTransport({ request: CAMERA, isPicture }));
    expect(await firstValueFrom(source)).toBe('picture');
  });
});
