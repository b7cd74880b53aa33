import { join, resolve } from 'node:path';
import { from, mergeMap } from 'rxjs';
import type { DetectPort } from '../../models/domain/detect-port';
import { PipelineError, toPipelineError } from '../../models/domain/errors';
import { hideCredentials } from '../../models/domain/redact';
import type { Size } from '../../models/domain/geometry';
import { isImagePath } from '../../models/domain/input-kind';
import type { Observation } from '../../models/domain/observation';
import { detectInput } from '../detect-input';
import { checkReadableFile } from '../inputs';
import type { CornerAndSize } from './boxes';
import type { CocoPicture } from './read-coco';

/** What was found in one picture, in the pixels that the file says it has. */
export interface PictureFound {
  readonly found: readonly {
    readonly label: string;
    readonly score: number;
    readonly box: CornerAndSize;
  }[];
  /** The picture has another size than the file says, and the same shape: boxes were scaled. */
  readonly isScaled: boolean;
}

export interface DetectPicturesOptions {
  readonly port: DetectPort;
  readonly pictures: readonly CocoPicture[];
  /** Where their `file_name` begins. */
  readonly folder: string;
  readonly minScore: number;
  /** Pictures decoded at once. */
  readonly parallel: number;
  /** No further picture is begun once it is aborted. */
  readonly signal: AbortSignal;
  /** A picture was looked at, or failed. */
  readonly onPicture: (result: PictureFound | PipelineError) => void;
}

/** A file may state the size of a picture that was rounded when it was made smaller. */
const SHAPE_TOLERANCE_PX = 1;

/**
 * Decodes each picture as `sightline detect` does and gives it to the detector. What cannot be read, or has another shape than the
 * file says, is a PipelineError in its place; a picture that was not begun when `signal` was aborted is undefined.
 */
export async function detectPictures(
  options: DetectPicturesOptions,
): Promise<readonly (PictureFound | PipelineError | undefined)[]> {
  const { pictures, parallel, signal, onPicture } = options;
  const results: (PictureFound | PipelineError | undefined)[] = pictures.map(() => undefined);
  await from(pictures.entries())
    .pipe(
      mergeMap(async ([index, picture]) => {
        if (signal.aborted) return;
        const result = await detectPicture(picture, options).catch((error: unknown) =>
          toPipelineError(error),
        );
        if (result === undefined) return;
        results[index] = result;
        onPicture(result);
      }, parallel),
    )
    .forEach(() => undefined);
  return results;
}

async function detectPicture(
  picture: CocoPicture,
  { port, folder, minScore, signal }: DetectPicturesOptions,
): Promise<PictureFound | undefined> {
  const name = picture.file_name;
  const displayName = hideCredentials(name);
  if (!isImagePath(name)) {
    throw new PipelineError('protocol', `${displayName}: expected a picture (JPEG, PNG, BMP, WebP or TIFF)`);
  }
  const input = { kind: 'image', location: resolve(join(folder, name)), displayName } as const;
  await checkReadableFile(input);
  const seen: { first?: Observation; damage?: string } = {};
  await detectInput(
    input,
    { port, signal, inFlight: 1, minScore, onDamage: (detail) => (seen.damage = detail) },
    (observation) => (seen.first ??= observation),
  );
  if (seen.damage !== undefined) {
    throw new PipelineError(
      'corrupt',
      `${displayName}: expected a whole picture, got a damaged one (${seen.damage})`,
    );
  }
  if (seen.first === undefined || !('detections' in seen.first)) {
    // What stops a run stops the decoder too.
    if (signal.aborted) return undefined;
    throw new PipelineError('corrupt', `${displayName}: expected a picture that can be looked at, got none`);
  }
  const { frame, detections } = seen.first;
  const { scaleX, scaleY } = scaleTo(picture, frame.source);
  return {
    isScaled: scaleX !== 1 || scaleY !== 1,
    found: detections.map(({ label, score, box: [x1, y1, x2, y2] }) => ({
      label,
      score,
      box: [x1 * scaleX, y1 * scaleY, (x2 - x1) * scaleX, (y2 - y1) * scaleY],
    })),
  };
}

/** From the picture's pixels to those of the file. Throws PipelineError `corrupt` when the shapes differ. */
function scaleTo(
  { file_name, width, height }: CocoPicture,
  actual: Size,
): { readonly scaleX: number; readonly scaleY: number } {
  if (width === undefined || height === undefined) return { scaleX: 1, scaleY: 1 };
  const isSameShape = Math.abs((actual.width * height) / actual.height - width) <= SHAPE_TOLERANCE_PX;
  const isSame = actual.width === width && actual.height === height;
  if (isSame || isSameShape) return { scaleX: width / actual.width, scaleY: height / actual.height };
  const isTurned = actual.width === height && actual.height === width;
  const why = isTurned ? ' (the picture says that it is to be turned, and the file has the size before)' : '';
  throw new PipelineError(
    'corrupt',
    `${file_name}: expected ${width}x${height} as in the file, got ${actual.width}x${actual.height}${why}`,
  );
}
