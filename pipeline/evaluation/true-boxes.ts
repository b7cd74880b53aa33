import type { TrueBox } from './boxes';
import type { LabelMatch } from './match-labels';
import type { CocoFile, CocoPicture } from './read-coco';

/** Objects of a file, and how many of them are odd. */
export interface TrueBoxes {
  readonly truths: readonly TrueBox[];
  /** Of a picture that is not in the file, or a category that is not: left out, as pycocotools does. */
  readonly strays: number;
  /** Of no or negative width or height: an object that nothing can find. */
  readonly empty: number;
  /** More than a pixel outside of the picture. */
  readonly outside: number;
  /** Without an area, which is taken from the box. */
  readonly withoutArea: number;
}

/** Annotators round, and a border may be counted from 1. */
const TOLERANCE_PX = 1;

/** Objects of the given pictures whose category has a label; `picture` counts these pictures. */
export function trueBoxes(
  { annotations, categories, pictures: all }: CocoFile,
  pictures: readonly CocoPicture[],
  { labelOf }: Pick<LabelMatch, 'labelOf'>,
): TrueBoxes {
  const placeOf = new Map(pictures.map(({ id }, index) => [id, index]));
  const known = {
    pictures: new Set(all.map(({ id }) => id)),
    categories: new Set(categories.map(({ id }) => id)),
  };
  const counts = { strays: 0, empty: 0, outside: 0, withoutArea: 0 };
  const truths = annotations.flatMap(({ image_id, category_id, bbox, area, iscrowd }): TrueBox[] => {
    if (!known.pictures.has(image_id) || !known.categories.has(category_id)) counts.strays++;
    const picture = placeOf.get(image_id);
    const label = labelOf.get(category_id);
    if (picture === undefined || label === undefined) return [];
    const [x, y, width, height] = bbox;
    const isEmpty = !(width > 0 && height > 0);
    if (isEmpty) counts.empty++;
    else if (isOutside(bbox, pictures[picture]!)) counts.outside++;
    if (area === undefined) counts.withoutArea++;
    return [
      {
        picture,
        label,
        box: [x, y, width, height],
        area: area ?? width * height,
        isCrowd: Boolean(iscrowd),
      },
    ];
  });
  return { truths, ...counts };
}

function isOutside(
  [x, y, boxWidth, boxHeight]: readonly [number, number, number, number],
  { width = Infinity, height = Infinity }: CocoPicture,
): boolean {
  return (
    Math.min(x, y) < -TOLERANCE_PX ||
    x + boxWidth > width + TOLERANCE_PX ||
    y + boxHeight > height + TOLERANCE_PX
  );
}
