import { inspect } from 'node:util';
import { from, lastValueFrom, throwError, toArray } from 'rxjs';
import { PipelineError } from '../../../models/domain/errors';
import { createRedactor } from '../../../models/domain/redact';
import type { DecoderNote } from '../../../operators/sources/decoder-notes';
import { hideSecrets } from '../../../operators/sources/hide-secrets';
import { itObeysOperatorLaws } from '../../support/operator-laws';

const hide = createRedactor(['stream-key']);
const opened: DecoderNote = { note: 'opened', codec: 'h264' };

describe('hideSecrets', () => {
  itObeysOperatorLaws(() => hideSecrets<DecoderNote>(hide), [opened]);

  it('takes secrets out of what is told of damage, and leaves other items as they are', async () => {
    const picture = { lease: {} };
    const damage: DecoderNote = { note: 'damage', detail: 'rtsp://h/stream-key: corrupt decoded frame' };
    const source = from<(DecoderNote | typeof picture)[]>([picture, opened, damage]);
    const items = await lastValueFrom(source.pipe(hideSecrets(hide), toArray()));
    const [first, second, third] = items;
    expect([first, second]).toEqual([picture, opened]);
    expect(first).toBe(picture);
    expect(third).toEqual({ note: 'damage', detail: 'rtsp://h/***: corrupt decoded frame' });
  });

  it('takes secrets out of an error and all it carries', async () => {
    const error = new PipelineError('timeout', 'rtsp://h/stream-key: Connection timed out');
    const caught: unknown = await lastValueFrom(throwError(() => error).pipe(hideSecrets(hide))).catch(
      (thrown: unknown) => thrown,
    );
    expect(caught).toMatchObject({ code: 'timeout', message: 'timeout: rtsp://h/***: Connection timed out' });
    expect(inspect(caught, { depth: 9, showHidden: true })).not.toContain('stream-key');
  });

  it('leaves an error without any as it is', async () => {
    const error = new PipelineError('auth', '401');
    await expect(lastValueFrom(throwError(() => error).pipe(hideSecrets(hide)))).rejects.toBe(error);
  });
});
