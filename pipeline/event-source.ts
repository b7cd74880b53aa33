import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createPictureReader, listPictures } from '../operators/sources/folder-pictures';
import type { CameraSpec } from './camera-spec';

const SHOWN_DIGITS = 16;

type Recording = Pick<CameraSpec, 'kind' | 'location'>;

/**
 * `source` of a camera's events: `camera/<id>` for a live one; `file/<first 16 hexadecimal digits of a SHA-256>` for a
 * recorded one, so that the same recording gives the same event ids wherever it lies: of a file's content, of the contents of
 * a folder's pictures in their order, of a pattern's name and length. Throws when it cannot be read.
 */
export async function eventSourceOf(spec: Pick<CameraSpec, 'id' | 'mode'> & Recording): Promise<string> {
  if (spec.mode === 'live') return `camera/${spec.id}`;
  return `file/${(await digestOf(spec)).slice(0, SHOWN_DIGITS)}`;
}

async function digestOf({ kind, location }: Recording): Promise<string> {
  if (kind === 'test') return createHash('sha256').update(`test:${location}`).digest('hex');
  if (kind !== 'folder') return digestOfFile(location);
  const hash = createHash('sha256').update('folder');
  // As the decoder reads them: what is no picture counts for nothing but its place.
  const reader = createPictureReader(location, await listPictures(location), () => undefined);
  for (let picture = await reader.peek(); picture !== undefined; picture = await reader.peek()) {
    reader.take();
    hash.update(`\n${picture.index} ${createHash('sha256').update(picture.bytes).digest('hex')}`);
  }
  return hash.digest('hex');
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
