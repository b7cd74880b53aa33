import { createHmac } from 'node:crypto';
import { webhookKey } from '../../models/support/webhook-key';

/**
 * Headers that let the receiver tell that a request is ours and is not an old one: HMAC-SHA256 over `id.timestamp.body`, as
 * Standard Webhooks 1.0 has it. `timestampS` is in seconds since 1970. Throws a RangeError for a `whsec_` secret that is no base64.
 */
export function createSigner(secret: string) {
  const key = webhookKey(secret);
  if (key === undefined)
    throw new RangeError('secret: expected whsec_ and at least 16 bytes in base64, got something else');
  return (id: string, timestampS: number, body: string) => ({
    'webhook-signature': `v1,${createHmac('sha256', key)
      .update(`${id}.${String(timestampS)}.${body}`)
      .digest('base64')}`,
  });
}
