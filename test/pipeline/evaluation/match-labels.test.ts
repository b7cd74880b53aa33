import { matchLabels } from '../../../pipeline/evaluation/match-labels';
import { trueBoxes } from '../../../pipeline/evaluation/true-boxes';
import { remarksOn } from '../../../pipeline/evaluation/remarks';

const LABELS = ['person', 'car', 'dog'];
const CATEGORIES = [
  { id: 1, name: 'Person' },
  { id: 4, name: 'van' },
  { id: 5, name: 'car' },
  { id: 9, name: 'toaster' },
];

describe('matchLabels', () => {
  it('matches by name, whatever its case, and says what is left out on both sides', () => {
    const match = matchLabels(CATEGORIES, LABELS);
    expect(match.labels).toEqual(['person', 'car']);
    expect([...match.labelOf]).toEqual([
      [1, 0],
      [5, 1],
    ]);
    expect(match.leftOut).toEqual({ categories: ['van', 'toaster'], labels: ['dog'] });
  });

  it('lets several categories stand for one label', () => {
    const { labelOf, categoriesOf, leftOut } = matchLabels(CATEGORIES, LABELS, new Map([['van', 'car']]));
    expect([labelOf.get(4), labelOf.get(5)]).toEqual([1, 1]);
    expect(categoriesOf[1]!.map(({ id }) => id)).toEqual([4, 5]);
    expect(leftOut.categories).toEqual(['toaster']);
  });

  it('refuses to rename what is not there', () => {
    expect(() => matchLabels(CATEGORIES, LABELS, new Map([['vann', 'car']]))).toThrow(
      'expected a category among Person, van, car, toaster, got "vann" (did you mean van?)',
    );
    expect(() => matchLabels(CATEGORIES, LABELS, new Map([['van', 'cat']]))).toThrow(
      'expected a label among person, car, dog, got "cat" (did you mean car?)',
    );
  });
});

describe('trueBoxes', () => {
  const pictures = [
    { id: 3, file_name: 'a.jpg', width: 100, height: 50 },
    { id: 8, file_name: 'b.jpg' },
  ];
  const object = {
    image_id: 3,
    category_id: 5,
    bbox: [10, 10, 20, 20] as [number, number, number, number],
    area: 300,
  };
  const match = matchLabels(CATEGORIES, LABELS);
  const boxesOf = (...annotations: readonly object[]) =>
    trueBoxes(
      { pictures, categories: CATEGORIES, annotations: annotations as (typeof object)[] },
      pictures,
      match,
    );

  it('takes the area of the file, or else that of the box', () => {
    const { truths, withoutArea } = boxesOf(object, { ...object, area: undefined, image_id: 8, iscrowd: 1 });
    expect(truths).toEqual([
      { picture: 0, label: 1, box: [10, 10, 20, 20], area: 300, isCrowd: false },
      { picture: 1, label: 1, box: [10, 10, 20, 20], area: 400, isCrowd: true },
    ]);
    expect(withoutArea).toBe(1);
  });

  it('counts what is odd, and keeps it as pycocotools does', () => {
    const { truths, ...counts } = boxesOf(
      { ...object, bbox: [10, 10, -5, 20] },
      { ...object, bbox: [90, 10, 12, 20] },
      { ...object, bbox: [90, 10, 11, 20] },
      { ...object, bbox: [-2, 10, 12, 20] },
      { ...object, image_id: 8, bbox: [5000, 10, 12, 20] },
      { ...object, image_id: 77 },
      { ...object, category_id: 77 },
      { ...object, category_id: 9 },
    );
    expect(truths).toHaveLength(5);
    expect(counts).toEqual({ strays: 2, empty: 1, outside: 2, withoutArea: 0 });
    expect(remarksOn({ truth: counts, failed: 0, scaled: 0 })).toEqual([
      expect.stringMatching(/^2 objects are of a picture or a category that is not in the file/),
      expect.stringMatching(/^1 objects have no or a negative width/),
      expect.stringMatching(/^2 objects reach more than a pixel out/),
    ]);
  });
});
