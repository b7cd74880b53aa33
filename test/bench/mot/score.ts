import type { MotBox } from './boxes';
import { addClear, countClear, mota } from './clear';
import type { ClearCounts } from './clear';
import { judge } from './frames';
import { addHota, countHota, scoreHota } from './hota';
import type { HotaCounts, HotaScores } from './hota';
import { addIdentity, countIdentity, idf1 } from './identity';
import type { IdentityCounts } from './identity';
import type { MotSequence } from './sequence';

/** Everything counted in one sequence. */
export interface MotCounts {
  readonly hota: HotaCounts;
  readonly clear: ClearCounts;
  readonly identity: IdentityCounts;
}

/** Scores in per cent, counts as they are. */
export interface MotScores extends HotaScores {
  readonly mota: number;
  readonly idf1: number;
  readonly switches: number;
  readonly fragments: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
}

/** Counts for a tracker's results by frame. */
export function countMot(
  sequence: MotSequence,
  results: readonly (readonly MotBox[])[],
  benchmark: string,
): MotCounts {
  const judged = judge(sequence, results, benchmark);
  return { hota: countHota(judged), clear: countClear(judged), identity: countIdentity(judged) };
}

/** The scores of a benchmark: its sequences as one. */
export function scoreMot(parts: readonly MotCounts[]): MotScores {
  const clear = addClear(parts.map((part) => part.clear));
  return {
    ...scoreHota(addHota(parts.map((part) => part.hota))),
    mota: mota(clear),
    idf1: idf1(addIdentity(parts.map((part) => part.identity))),
    switches: clear.switches,
    fragments: clear.fragments,
    falsePositives: clear.falsePositives,
    falseNegatives: clear.falseNegatives,
  };
}
