import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { CameraSpec } from './camera-spec';

const SHOWN_DIGITS = 16;

/**
 * `source` of a camera's events: `camera/<id>` for a live one; `file/<first 16 hexadecimal digits of its SHA-256>` for a
 * recorded one, so that the same recording gives the same event ids wherever it lies. Throws when it cannot be read.
 */
export async function eventSourceOf({ id, mode, location }: CameraSpec): Promise<string> {
  if (mode === 'live') return `camera/${id}`;
  const hash = createHash('sha256');
  await pipeline(createReadStream(location, { highWaterMark: 1 << 20 }), hash);
  return `file/${hash.digest('hex').slice(0, SHOWN_DIGITS)}`;
}
