import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError, toError } from '../../models/domain/errors';
import { isImagePath } from '../../models/domain/input-kind';
import { naturalOrder } from '../support/natural-order';
import { pictureCodecOf } from '../support/picture-codec';
import type { PictureCodec } from '../support/picture-codec';

/** A file that is no picture for FFmpeg is not read whole into memory either. */
const MAX_PICTURE_BYTES = 256 * 1024 * 1024;
const MAX_PICTURES = 1_000_000;

/** A picture of a folder, as it lies on the disk. */
export interface FolderPicture {
  /** Its place among the names of the folder, from 0. */
  readonly index: number;
  readonly codec: PictureCodec;
  readonly bytes: Uint8Array;
}

/** Reads a folder's pictures one by one, in order; holds one of them at most. */
export interface PictureReader {
  /** The next picture, the same until `take`; undefined when there is none any more. What cannot be read is passed over. */
  peek(): Promise<FolderPicture | undefined>;
  take(): void;
}

/**
 * Names of a folder's pictures in natural order; hidden ones are left out. Throws PipelineError `not_found` when it cannot be
 * read or has none.
 */
export async function listPictures(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new PipelineError(
      'not_found',
      `expected a folder that can be read, got ${toError(cause).message}`,
      {
        cause,
      },
    );
  });
  const names = entries
    .filter((entry) => !entry.name.startsWith('.') && isImagePath(entry.name) && !entry.isDirectory())
    .map(({ name }) => name)
    .sort(naturalOrder);
  if (names.length === 0) throw new PipelineError('not_found', 'expected pictures in the folder, found none');
  if (names.length > MAX_PICTURES)
    throw new PipelineError('corrupt', `expected at most ${MAX_PICTURES} pictures, got ${names.length}`);
  return names;
}

/** Reads the pictures of these names; `onSkipped` is told of each that is none, cannot be read or is too large. */
export function createPictureReader(
  folder: string,
  names: readonly string[],
  onSkipped: (detail: string) => void,
): PictureReader {
  let index = 0;
  let pending: Promise<FolderPicture | undefined> | undefined;

  async function next(): Promise<FolderPicture | undefined> {
    for (; index < names.length; index++) {
      const name = names[index]!;
      const read = await readPicture(join(folder, name)).catch((error: unknown) => toError(error).message);
      if (typeof read !== 'string') return { index: index++, ...read };
      onSkipped(`${name}: ${read}`);
    }
    return undefined;
  }

  return {
    peek: () => (pending ??= next()),
    take() {
      pending = undefined;
    },
  };
}

/** The picture, or why there is none. */
async function readPicture(path: string): Promise<Omit<FolderPicture, 'index'> | string> {
  const entry = await stat(path);
  // A pipe would be waited for, for ever.
  if (!entry.isFile()) return 'expected a file, got something else';
  if (entry.size > MAX_PICTURE_BYTES) return `expected at most ${MAX_PICTURE_BYTES} bytes, got ${entry.size}`;
  const bytes = await readFile(path);
  const codec = pictureCodecOf(bytes);
  return codec === undefined
    ? 'expected a picture (JPEG, PNG, BMP, WebP or TIFF), got something else'
    : { codec, bytes };
}
