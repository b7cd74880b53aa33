const LONGEST_WORD = 64;

/** What a mistyped word probably meant: the nearest candidate, if one is near. Case, `_` and `-` do not count. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > LONGEST_WORD) return undefined;
  const reach = Math.max(1, Math.floor(word.length / 3));
  let nearest: string | undefined;
  let least = reach + 1;
  for (const candidate of candidates) {
    const steps = editSteps(fold(word), fold(candidate));
    if (steps < least) [nearest, least] = [candidate, steps];
  }
  return nearest;
}

const fold = (word: string) => word.toLowerCase().replace(/[_-]/g, '');

/** Damerau-Levenshtein distance (optimal string alignment): insertions, deletions, replacements, swapped neighbours. */
function editSteps(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let steps = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + cost);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) steps = Math.min(steps, beforePrevious[j - 2]! + 1);
      row.push(steps);
    }
    [beforePrevious, previous] = [previous, row];
  }
  return previous[b.length]!;
}
