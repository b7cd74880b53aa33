import { suggest } from '../../config/suggest';
import type { CocoCategory } from './read-coco';

/** Which labels of a detector are judged by which categories of a file. */
export interface LabelMatch {
  /** Labels that have a category, in the detector's order. */
  readonly labels: readonly string[];
  /** Index within `labels` of each category that has one. */
  readonly labelOf: ReadonlyMap<number, number>;
  /** Of each of `labels` the categories that stand for it, the first of which its detections are given. */
  readonly categoriesOf: readonly (readonly CocoCategory[])[];
  /** Names without a counterpart on the other side. */
  readonly leftOut: { readonly categories: readonly string[]; readonly labels: readonly string[] };
}

const fold = (name: string) => name.trim().toLowerCase();

/**
 * Matches categories with labels by their names, whatever their case, after `renames` (category to label). Several categories may
 * stand for one label. Throws a RangeError for a rename of what is not there.
 */
export function matchLabels(
  categories: readonly CocoCategory[],
  known: readonly string[],
  renames: ReadonlyMap<string, string> = new Map(),
): LabelMatch {
  const names = categories.map(({ name }) => name);
  for (const [from, to] of renames) {
    refuseUnknown('category', from, names);
    refuseUnknown('label', to, known);
  }
  const found = categories.map((category) => {
    const wanted = renames.get(category.name) ?? category.name;
    return { category, label: known.find((label) => fold(label) === fold(wanted)) };
  });
  const labels = known.filter((label) => found.some((one) => one.label === label));
  const ofLabel = (label: string) =>
    found.filter((one) => one.label === label).map(({ category }) => category);
  return {
    labels,
    labelOf: new Map(
      found.flatMap(({ category, label }) =>
        label === undefined ? [] : [[category.id, labels.indexOf(label)] as const],
      ),
    ),
    categoriesOf: labels.map(ofLabel),
    leftOut: {
      categories: found.filter(({ label }) => label === undefined).map(({ category }) => category.name),
      labels: known.filter((label) => !labels.includes(label)),
    },
  };
}

function refuseUnknown(what: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const meant = suggest(name, known);
  const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
  throw new RangeError(`expected a ${what} among ${known.join(', ')}, got ${JSON.stringify(name)}${hint}`);
}
