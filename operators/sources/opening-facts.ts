import { probeFfmpeg } from '../support/ffmpeg-version';
import { pictureCodecOfFile } from '../support/picture-codec';
import type { OpenRequest } from './open-args';

/** What must be known of this machine, and of a picture by its first bytes, before FFmpeg opens an input. Rejects as `probeFfmpeg`. */
export async function openingFacts({
  kind,
  location,
}: Pick<OpenRequest, 'kind' | 'location'>): Promise<Pick<OpenRequest, 'version' | 'pictureCodec'>> {
  const version = await probeFfmpeg();
  if (kind !== 'image') return { version };
  // FFmpeg tells what is wrong with one that cannot be read, as of every input.
  const pictureCodec = await pictureCodecOfFile(location).catch(() => undefined);
  return { version, ...(pictureCodec !== undefined && { pictureCodec }) };
}
