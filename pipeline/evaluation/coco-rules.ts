/** The numbers of COCO's evaluation of boxes (https://cocodataset.org/#detection-eval). */

/** `count` numbers from `first` to `last`, as NumPy's `linspace` rounds them: at a border the last bit decides. */
function linspace(first: number, last: number, count: number): readonly number[] {
  const step = (last - first) / (count - 1);
  return Array.from({ length: count }, (_, index) => (index === count - 1 ? last : index * step + first));
}

/** Overlaps from which a found box may be right: 0.50, 0.55 … 0.95. */
export const OVERLAPS = linspace(0.5, 0.95, 10);

/** Recalls at which precision is read: 0, 0.01 … 1. */
export const RECALLS = linspace(0, 1, 101);

/** Sizes of objects by their area in square pixels, both borders included. */
export const SIZES = [
  { name: 'all', least: 0, most: 1e5 ** 2 },
  { name: 'small', least: 0, most: 32 ** 2 },
  { name: 'medium', least: 32 ** 2, most: 96 ** 2 },
  { name: 'large', least: 96 ** 2, most: 1e5 ** 2 },
] as const;

/** Most boxes of one label in one picture, the best first. */
export const MOST_FOUND = [1, 10, 100] as const;

/** Boxes of one label in one picture that are looked at at all. */
export const LIMIT = 100;
