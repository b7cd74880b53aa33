import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { PipelineError, toPipelineError } from '../models/domain/errors';
import { cameraId } from '../models/domain/frame';
import type { CameraId } from '../models/domain/frame';
import { isOnDisk } from '../models/domain/input-kind';
import type { InputKind } from '../models/domain/input-kind';
import type { RtspTransport } from '../models/domain/rtsp-transport';
import { listPictures } from '../operators/sources/folder-pictures';

/** Where an input lies, for FFmpeg and for people. */
export interface Input {
  readonly kind: InputKind;
  /** An absolute path, a URL with its credentials, or a pattern with its query. */
  readonly location: string;
  /** Folders: pictures a second of stream time. */
  readonly folderFps?: number;
  /** RTSP: how RTP is asked for. Default `tcp`. */
  readonly rtspTransport?: RtspTransport;
  /** As it was given, without credentials. */
  readonly displayName: string;
}

/**
 * Throws PipelineError `not_found` or `corrupt` when an input that must lie on the disk does not, or cannot be one; of what is
 * opened when it is there, nothing is asked.
 */
export async function checkInput(input: Input): Promise<void> {
  if (input.kind === 'folder') await checkFolder(input);
  else if (isOnDisk(input.kind)) await checkReadableFile(input);
}

async function checkFolder({ location, displayName }: Input): Promise<void> {
  await listPictures(location).catch((error: unknown) => {
    const { code, detail } = toPipelineError(error);
    throw new PipelineError(code, `${displayName}: ${detail}`);
  });
}

/** Throws PipelineError `not_found` unless the input is a file that can be read, `corrupt` when it is empty. */
export async function checkReadableFile({ location, displayName }: Input): Promise<void> {
  const entry = await stat(location).catch(() => undefined);
  if (entry === undefined)
    throw new PipelineError('not_found', `${displayName}: expected a file, found nothing there`);
  if (!entry.isFile()) {
    throw new PipelineError(
      'not_found',
      `${displayName}: expected a file, got a ${entry.isDirectory() ? 'folder (a folder of pictures is written with a slash at its end)' : 'device'}`,
    );
  }
  if (entry.size === 0)
    throw new PipelineError('corrupt', `${displayName}: expected a picture or video, got an empty file`);
  await access(location, constants.R_OK).catch((cause: unknown) => {
    throw new PipelineError('not_found', `${displayName}: expected a readable file, permission was denied`, {
      cause,
    });
  });
}

/**
 * Names a camera after its input: `plaza` for plaza.mp4, `10-0-0-5` for a camera's URL, `test-noise` for a pattern; a name in
 * `taken` gets a number.
 */
export function nameCamera(input: string, taken: ReadonlySet<string> = new Set()): CameraId {
  const host = /^(?:rtsp|http)s?:\/\/(?:.*@)?([^/?#]*)/i.exec(input)?.[1];
  const pattern = /^test:[^?]*/i.exec(input)?.[0];
  const words = (host ?? pattern ?? basename(input, extname(input)))
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^[-_]+|[-_]+$/g, '')
    .slice(0, 56);
  const base = words === '' ? 'camera' : words;
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}-${number}`;
  return cameraId(name);
}
