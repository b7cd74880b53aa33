import type { TrueBoxes } from './true-boxes';

export interface RemarksOptions {
  readonly truth: Omit<TrueBoxes, 'truths'>;
  /** Pictures that could not be looked at. */
  readonly failed: number;
  /** Pictures of another size than the file says. */
  readonly scaled: number;
}

/** What is odd about the data and has a part in the numbers, in sentences. */
export function remarksOn({ truth, failed, scaled }: RemarksOptions): readonly string[] {
  const { strays, empty, outside, withoutArea } = truth;
  const remarks: readonly (readonly [count: number, text: string])[] = [
    [failed, 'pictures could not be looked at: they and their objects are left out.'],
    [
      scaled,
      'pictures are of another size than the file says: what was found was scaled to the size in the file.',
    ],
    [strays, 'objects are of a picture or a category that is not in the file: they are left out.'],
    [empty, 'objects have no or a negative width or height: they count, and nothing can find them.'],
    [outside, 'objects reach more than a pixel out of their picture: they are judged as they are.'],
    [withoutArea, 'objects have no area: that of their box is taken.'],
  ];
  return remarks.filter(([count]) => count > 0).map(([count, text]) => `${count} ${text}`);
}
