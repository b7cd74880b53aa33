import { Readable } from 'node:stream';
import { EMPTY, catchError, defer, finalize, from, mergeMap, of, repeat, tap, throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import { PipelineError } from '../../models/domain/errors';
import type { ErrorCode } from '../../models/domain/errors';
import { createNutWriter } from '../support/nut-writer';
import type { PictureCodec } from '../support/picture-codec';
import { createPictureReader, listPictures } from './folder-pictures';
import type { FolderPicture, PictureReader } from './folder-pictures';
import type { PictureStream } from './open-args';

export interface PictureRunsOptions<T> {
  readonly folder: string;
  /** Pictures a second of stream time. */
  readonly fps: number;
  /** Decodes pictures of one codec; takes as many as it likes. */
  readonly decode: (pictures: PictureStream) => Observable<T>;
  /** A picture could not be read or decoded. */
  readonly onSkipped: (detail: string) => void;
}

/**
 * Decodes the pictures of a folder, in the natural order of their names, each at the pts of its place: one decoder for all that
 * follow each other in one codec. FFmpeg opens none of them: they come to it through its standard input.
 *
 * What is no picture is left out, and its time stays empty. Errors with PipelineError `not_found` when the folder has no
 * pictures, `corrupt` when none could be decoded, or with a decoder's error.
 */
export function pictureRuns<T>({ folder, fps, decode, onSkipped }: PictureRunsOptions<T>): Observable<T> {
  return defer(() => from(listPictures(folder))).pipe(
    mergeMap((names) => {
      const reader = createPictureReader(folder, names, onSkipped);
      let isOver = false;
      let isEmpty = true;
      const run = (first: FolderPicture | undefined): Observable<T> => {
        if (first === undefined) {
          isOver = true;
          return isEmpty
            ? throwError(() => new PipelineError('corrupt', `${folder}: expected pictures, got none`))
            : EMPTY;
        }
        const bytes = feed(reader, first.codec, fps);
        return decode({ codec: first.codec, bytes }).pipe(
          tap(() => (isEmpty = false)),
          catchError((error: unknown) => {
            // FFmpeg goes past a picture it cannot decode, but not past a run in which there is no other.
            if (!(error instanceof PipelineError) || !UNDECODABLE.has(error.code)) throw error;
            onSkipped(error.detail);
            return EMPTY;
          }),
          finalize(() => bytes.destroy()),
        );
      };
      return defer(() => from(reader.peek())).pipe(
        mergeMap(run),
        repeat({ delay: () => (isOver ? EMPTY : of(undefined)) }),
      );
    }),
  );
}

/** What FFmpeg calls pictures of which it can make nothing. */
const UNDECODABLE: ReadonlySet<ErrorCode> = new Set(['corrupt', 'codec']);

/** The pictures up to the first of another codec, as NUT; reads them as they are taken. */
function feed(reader: PictureReader, codec: PictureCodec, fps: number): Readable {
  const timeBase = intervalOf(fps);
  async function* bytes(): AsyncGenerator<Uint8Array> {
    // Each picture tells its own size.
    const nut = createNutWriter({ width: 1, height: 1, timeBase, fourCc: FOUR_CCS[codec] });
    yield nut.header();
    for (let picture = await reader.peek(); picture?.codec === codec; picture = await reader.peek()) {
      reader.take();
      yield nut.frameHeader(picture.index, picture.bytes.length);
      yield picture.bytes;
    }
  }
  return Readable.from(bytes(), { objectMode: false });
}

/** Seconds a picture, for a rate in thousandths of a picture a second; in lowest terms, as NUT wants them. */
function intervalOf(fps: number): readonly [num: number, den: number] {
  const thousandths = Math.round(fps * 1000);
  const common = greatestCommonDivisor(1000, thousandths);
  return [1000 / common, thousandths / common];
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Which decoder it is, FFmpeg is told by name. */
const FOUR_CCS: Record<PictureCodec, string> = {
  mjpeg: 'MJPG',
  png: 'MPNG',
  bmp: 'BMP ',
  webp: 'WEBP',
  tiff: 'TIFF',
};
