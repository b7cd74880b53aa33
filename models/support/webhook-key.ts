const PREFIX = 'whsec_';
const LEAST_BYTES = 16;

/** The bytes that a secret signs with, as Standard Webhooks has it: `whsec_` and base64, or the text as it is. Undefined: neither. */
export function webhookKey(secret: string): Buffer | undefined {
  if (!secret.startsWith(PREFIX)) return Buffer.from(secret);
  const text = secret.slice(PREFIX.length);
  const key = Buffer.from(text, 'base64');
  // Node skips what is no base64, and bits that are left over.
  const isBase64 = key.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '');
  return isBase64 && key.length >= LEAST_BYTES ? key : undefined;
}
