import { filter } from 'rxjs';
import { fitInside } from '../../models/domain/geometry';
import type { Size } from '../../models/domain/geometry';
import type { Polygon } from '../../models/domain/polygon';
import { ffmpegFrames, isDecodedFrame } from '../../operators/sources/ffmpeg-frames';
import { isTouched } from './polygons';

/** Size of the detector's input in tests of masks. */
export const INPUT = { width: 416, height: 256 };

/** A picture out of the decoder, its pixels copied. */
export interface Picture {
  readonly rendition: 'detect' | 'view';
  readonly size: Size;
  readonly pixels: Uint8Array;
}

/** Every picture of a file in both renditions. */
export async function picturesOf(path: string, masks: readonly Polygon[]): Promise<readonly Picture[]> {
  const pictures: Picture[] = [];
  const source = ffmpegFrames({
    request: { kind: 'file', location: path, input: INPUT },
    mode: 'recorded',
    detectBuffers: 3,
    view: { budgetBytes: 1 },
    masks,
  }).pipe(filter(isDecodedFrame));
  await source.forEach(({ shown: { rendition, size }, lease }) => {
    pictures.push({ rendition, size, pixels: lease!.pixels.slice() });
    lease!.release();
  });
  return pictures;
}

/** What a mask may and must do to each byte of an I420 picture. */
export const BYTE = { untouched: 0, margin: 1, masked: 2 } as const;

/**
 * Judges every byte of a picture of this buffer with this content in its top left, by geometry alone: masked when its sample
 * touches a polygon, in the margin when it comes as near as two samples, or 3.5 of the source where that is enlarged.
 */
export function judge(masks: readonly Polygon[], source: Size, buffer: Size, content: Size): Uint8Array {
  const marginOf = (enlarged: number) => (enlarged <= 1 ? 2 : 3.5 * enlarged);
  const [across, down] = [marginOf(content.width / source.width), marginOf(content.height / source.height)];
  const planes = [1, 2, 2].map((divisor) => {
    const [columns, rows] = [Math.ceil(buffer.width / divisor), Math.ceil(buffer.height / divisor)];
    const scaled = masks.map((points) => {
      const corners = points.map(
        ([x, y]) => [(x * content.width) / divisor, (y * content.height) / divisor] as const,
      );
      const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
      return {
        corners,
        left: Math.min(...xs),
        right: Math.max(...xs),
        top: Math.min(...ys),
        bottom: Math.max(...ys),
      };
    });
    return Uint8Array.from({ length: columns * rows }, (_, at) => {
      const [x, y] = [at % columns, Math.floor(at / columns)];
      const isNear = (dx: number, dy: number) =>
        scaled.some(
          ({ corners, left, right, top, bottom }) =>
            x + 1 + dx >= left &&
            x - dx <= right &&
            y + 1 + dy >= top &&
            y - dy <= bottom &&
            isTouched(corners, x - dx, y - dy, x + 1 + dx, y + 1 + dy),
        );
      // A hair less and more than the limits: a sample that only adjoins may be counted either way.
      if (isNear(-1e-6, -1e-6)) return BYTE.masked;
      return isNear(across + 1e-6, down + 1e-6) ? BYTE.margin : BYTE.untouched;
    });
  });
  return Buffer.concat(planes);
}

/** Size of the buffer and of the content in it. */
export function layoutOf(
  { rendition, size }: Picture,
  viewSize: Size,
): readonly [buffer: Size, content: Size] {
  return rendition === 'view' ? [viewSize, viewSize] : [INPUT, fitInside(size, INPUT)];
}
