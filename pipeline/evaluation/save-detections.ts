import type { FileHandle } from 'node:fs/promises';
import { PipelineError } from '../../models/domain/errors';
import type { PictureFound } from './detect-pictures';
import type { LabelMatch } from './match-labels';
import type { CocoPicture } from './read-coco';

export interface SavedDetections {
  readonly pictures: readonly CocoPicture[];
  readonly results: readonly (PictureFound | PipelineError | undefined)[];
  readonly match: Pick<LabelMatch, 'labels' | 'categoriesOf'>;
}

/**
 * Writes what was found as COCO's results, which pycocotools' `loadRes` reads, in full precision; a picture at a time, since all of
 * them may be more than a string can hold. A label is written as the first of its categories; one without any is left out.
 * `writeFile` goes on where it was, and writes all: `write` may stop short of that on a disk that is nearly full.
 */
export async function saveDetections(
  file: Pick<FileHandle, 'writeFile'>,
  { pictures, results, match: { labels, categoriesOf } }: SavedDetections,
): Promise<void> {
  let separator = '[\n';
  for (const [index, picture] of pictures.entries()) {
    const result = results[index];
    if (result === undefined || result instanceof PipelineError) continue;
    const lines = result.found.flatMap(({ label, box, score }) => {
      const category = categoriesOf[labels.indexOf(label)]?.[0];
      if (category === undefined) return [];
      return [JSON.stringify({ image_id: picture.id, category_id: category.id, bbox: box, score })];
    });
    if (lines.length === 0) continue;
    await file.writeFile(separator + lines.join(',\n'));
    separator = ',\n';
  }
  await file.writeFile(separator === '[\n' ? '[]\n' : '\n]\n');
}
