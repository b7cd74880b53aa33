import { PipelineError } from '../../models/domain/errors';
import { fitInside } from '../../models/domain/geometry';
import type { Size } from '../../models/domain/geometry';
import type { Polygon } from '../../models/domain/polygon';
import { createI420Mask } from '../support/i420-mask';
import type { I420Mask } from '../support/i420-mask';
import type { MergedFrame } from './rendition-merger';

export interface FrameMaskerOptions {
  /** What is blacked out, in fractions of the source picture. */
  readonly polygons: readonly Polygon[];
  /** Size of the detector's input. */
  readonly input: Size;
}

/** Rasters that are kept: a camera that changes its size goes to and fro between two, each in two renditions. */
const MAX_KEPT = 4;
/**
 * Samples of its plane, beyond those touched, into which a sample of the source is blended where FFmpeg makes the picture
 * smaller, and samples of the source where it makes it larger. Measured with FFmpeg 5.1 over sizes, in 4:2:0 and 4:4:4: at
 * most 1.8 (chroma of 4:4:4) and 3.1; after a change of size also in the padding. test/integration/masks.test.ts holds it to
 * that.
 */
const BLENDED = 2;
const BLENDED_ENLARGED = 3.5;

/**
 * Blacks out masked parts of one decoder's pictures, in place and in order. Throws PipelineError `corrupt` for a picture that
 * cannot be masked: it must go no further.
 */
export function createFrameMasker({
  polygons,
  input,
}: FrameMaskerOptions): (frame: Omit<MergedFrame, 'muxedPtsMs'>) => void {
  const kept = new Map<string, I420Mask>();
  let viewSize: Size | undefined;

  function maskOf(source: Size, buffer: Size, content: Size): I420Mask {
    const key = [source, buffer, content].map(({ width, height }) => `${width}x${height}`).join(' ');
    const mask =
      kept.get(key) ?? createI420Mask({ polygons, buffer, content, margin: blend(source, content) });
    kept.delete(key);
    kept.set(key, mask);
    for (const oldest of kept.keys()) {
      if (kept.size <= MAX_KEPT) break;
      kept.delete(oldest);
    }
    return mask;
  }

  return ({ shown: { rendition, size }, lease }) => {
    // FFmpeg scales pictures of a later size to that of the first, without keeping their aspect.
    if (rendition === 'view') viewSize ??= size;
    if (lease === undefined) return;
    const buffer = rendition === 'view' ? viewSize! : input;
    const content = rendition === 'view' ? buffer : fitInside(size, input);
    try {
      maskOf(size, buffer, content)(lease.pixels);
    } catch (error) {
      throw new PipelineError('corrupt', `privacy masks: ${(error as Error).message}`, { cause: error });
    }
  };
}

function blend(from: Size, to: Size): readonly [x: number, y: number] {
  const samples = (enlarged: number) => (enlarged <= 1 ? BLENDED : BLENDED_ENLARGED * enlarged);
  return [samples(to.width / from.width), samples(to.height / from.height)];
}
