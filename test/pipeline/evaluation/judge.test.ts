import { join } from 'node:path';
import { packageRoot } from '../../../models/support/package-root';
import type { CornerAndSize, FoundBox, TrueBox } from '../../../pipeline/evaluation/boxes';
import { judge } from '../../../pipeline/evaluation/judge';
import { summarize } from '../../../pipeline/evaluation/summary';
import type { Summary } from '../../../pipeline/evaluation/summary';
import { boxesOf, readCases } from './cases';

const cases = readCases(join(packageRoot, 'test/fixtures/evaluation/cases.jsonl'));

/** The names of the numbers that differ from pycocotools'. */
function differences(actual: Summary, expected: Summary): readonly string[] {
  return Object.entries(expected).flatMap(([name, value]: [string, number | null]) => {
    const got = actual[name as keyof Summary];
    const isSame = value === null || got === null ? value === got : Math.abs(got - value) < 1e-9;
    return isSame ? [] : [`${name}: expected ${value ?? 'none'}, got ${got ?? 'none'}`];
  });
}

describe('judge', () => {
  it('holds in its cases all that is hard: crowds, equal scores, many boxes, labels without objects or hits', () => {
    const [{ truth, found, expected }] = cases as [(typeof cases)[number]];
    const inOne = new Map<string, number>();
    for (const { image_id, category_id } of found) {
      const key = `${image_id}/${category_id}`;
      inOne.set(key, (inOne.get(key) ?? 0) + 1);
    }
    expect(Math.max(...inOne.values())).toBeGreaterThan(100);
    expect(new Set(found.map(({ score }) => score)).size).toBeLessThan(found.length / 2);
    expect(truth.annotations.filter(({ iscrowd }) => iscrowd === 1).length).toBeGreaterThan(10);
    expect(truth.images.some(({ id }) => truth.annotations.every(({ image_id }) => image_id !== id))).toBe(
      true,
    );
    expect(expected.labels.map(({ ap }) => (ap === null ? 'none' : ap > 0))).toEqual(
      expect.arrayContaining(['none', true, false]),
    );
  });

  it.each(cases)('gives the twelve numbers of pycocotools, over all labels and of each', (one) => {
    const curves = judge(boxesOf(one));
    expect(differences(summarize(curves), one.expected.all)).toEqual([]);
    for (const [label, expected] of one.expected.labels.entries()) {
      expect(differences(summarize([curves[label]!]), expected)).toEqual([]);
    }
  });

  const BOX: CornerAndSize = [10, 10, 100, 100];
  const truth = (changes: Partial<TrueBox> = {}): TrueBox => ({
    picture: 0,
    label: 0,
    box: BOX,
    area: 10_000,
    isCrowd: false,
    ...changes,
  });
  const find = (score: number, changes: Partial<FoundBox> = {}): FoundBox => ({
    picture: 0,
    label: 0,
    box: BOX,
    score,
    ...changes,
  });
  const apOf = (truths: readonly TrueBox[], found: readonly FoundBox[]) =>
    summarize(judge({ labels: 1, truths, found }));

  it('gives 1 for all found and nothing else, and nulls for sizes that do not occur', () => {
    const { ap, apLarge, apSmall, ar100 } = apOf([truth()], [find(0.3)]);
    expect([ap, apLarge, ar100]).toEqual([expect.closeTo(1), expect.closeTo(1), expect.closeTo(1)]);
    expect(apSmall).toBeNull();
  });

  it('counts an object that is found twice once, the second time as wrong', () => {
    const { ap50 } = apOf(
      [truth(), truth({ picture: 1 })],
      [find(0.9), find(0.8), find(0.7, { picture: 1 })],
    );
    // Precision 1 up to a recall of 0.5 (51 of 101 points), then 2 of 3.
    expect(ap50).toBeCloseTo((51 + (50 * 2) / 3) / 101, 12);
  });

  it('counts what is found in a crowd neither as right nor as wrong, however often', () => {
    const crowd = truth({ box: [0, 0, 600, 400], area: 240_000, isCrowd: true, picture: 1 });
    const inCrowd = [0.95, 0.94, 0.93].map((score) => find(score, { picture: 1 }));
    expect(apOf([truth(), crowd], [...inCrowd, find(0.5)]).ap).toBeCloseTo(1, 12);
    expect(apOf([truth()], [...inCrowd, find(0.5)]).ap).toBeCloseTo(0.25, 12);
  });

  it('takes the size of an object from its area, not from its box', () => {
    const { apSmall, apLarge } = apOf([truth({ area: 500 })], [find(0.5)]);
    expect([apSmall, apLarge]).toEqual([expect.closeTo(1), null]);
  });

  it('refuses a label that is not there', () => {
    expect(() => judge({ labels: 1, truths: [truth({ label: 1 })], found: [] })).toThrow(
      'label: expected 0 to 0, got 1',
    );
  });
});
