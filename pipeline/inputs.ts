import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { PipelineError } from '../models/domain/errors';
import { cameraId } from '../models/domain/frame';
import type { CameraId } from '../models/domain/frame';
import type { InputKind } from '../operators/sources/ffmpeg-args';

/** Where an input lies, for FFmpeg and for people. */
export interface Input {
  readonly kind: InputKind;
  /** An absolute path, or a URL with its credentials. */
  readonly location: string;
  /** As it was given, without credentials. */
  readonly displayName: string;
}

const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set([
  '.jpg',
  '.jpeg',
  '.png',
  '.bmp',
  '.webp',
  '.tif',
  '.tiff',
]);

/** True for pictures that FFmpeg reads one by one. */
export function isImagePath(path: string): boolean {
  return IMAGE_EXTENSIONS.has(extname(path).toLowerCase());
}

/** Throws PipelineError `not_found` unless the input is a file that can be read, `corrupt` when it is empty. */
export async function checkReadableFile({ location, displayName }: Input): Promise<void> {
  const entry = await stat(location).catch(() => undefined);
  if (entry === undefined)
    throw new PipelineError('not_found', `${displayName}: expected a file, found nothing there`);
  if (!entry.isFile()) {
    throw new PipelineError(
      'not_found',
      `${displayName}: expected a file, got a ${entry.isDirectory() ? 'folder' : 'device'}`,
    );
  }
  if (entry.size === 0)
    throw new PipelineError('corrupt', `${displayName}: expected a video, got an empty file`);
  await access(location, constants.R_OK).catch((cause: unknown) => {
    throw new PipelineError('not_found', `${displayName}: expected a readable file, permission was denied`, {
      cause,
    });
  });
}

/** Names a camera after its input: `plaza` for plaza.mp4, `10-0-0-5` for a camera's URL; a name in `taken` gets a number. */
export function nameCamera(input: string, taken: ReadonlySet<string> = new Set()): CameraId {
  const host = /^rtsps?:\/\/(?:.*@)?([^/?#]*)/i.exec(input)?.[1];
  const words = (host ?? basename(input, extname(input)))
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^[-_]+|[-_]+$/g, '')
    .slice(0, 56);
  const base = words === '' ? 'camera' : words;
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}-${number}`;
  return cameraId(name);
}
