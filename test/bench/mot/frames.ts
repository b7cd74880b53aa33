import { assignMost } from './assign';
import { iouOf, partWithin } from './boxes';
import type { MotBox } from './boxes';
import { rulesOf } from './sequence';
import type { MotSequence } from './sequence';

/** One frame after preprocessing: ids counted from 0 within the sequence, and all overlaps. */
export interface JudgedFrame {
  readonly truth: Int32Array;
  readonly results: Int32Array;
  /** Overlap of each true box (rows) with each result. */
  readonly similarity: Float64Array;
}

/** What the metrics look at. */
export interface JudgedSequence {
  readonly frames: readonly JudgedFrame[];
  /** Objects and tracks of all frames. */
  readonly truthIds: number;
  readonly resultIds: number;
}

const MATCHED = 0.5;
/** KITTI: results lower than this are ignored where they match nothing. */
const MIN_HEIGHT_PX = 25;
const EPSILON = Number.EPSILON;

/** Leaves out what the benchmark neither asks for nor punishes, as TrackEval's preprocessing does. */
export function judge(
  sequence: MotSequence,
  results: readonly (readonly MotBox[])[],
  benchmark: string,
): JudgedSequence {
  const rules = rulesOf(benchmark);
  const truthNumbers = createNumbers();
  const resultNumbers = createNumbers();
  const frames = sequence.truth.map((truth, frame): JudgedFrame => {
    const found = results[frame] ?? [];
    const wanted = truth.filter(({ isWanted }) => isWanted);
    const kept =
      rules === 'mot15'
        ? found
        : withoutIgnored(truth, found, rules === 'mot17' ? undefined : sequence.regions[frame]!);
    return {
      truth: Int32Array.from(wanted, ({ id }) => truthNumbers.of(id)),
      results: Int32Array.from(kept, ({ id }) => resultNumbers.of(id)),
      similarity: overlaps(wanted, kept),
    };
  });
  return { frames, truthIds: truthNumbers.count(), resultIds: resultNumbers.count() };
}

/** `regions`: of KITTI, where also low boxes that match nothing are left out. */
function withoutIgnored(
  truth: MotSequence['truth'][number],
  found: readonly MotBox[],
  regions: readonly MotBox[] | undefined,
): readonly MotBox[] {
  const values = overlaps(truth, found).map((overlap) => (overlap < MATCHED - EPSILON ? 0 : overlap));
  const matches = assignMost(values, truth.length, found.length);
  const matchOf = new Map<number, number>();
  matches.forEach((column, row) => column >= 0 && matchOf.set(column, row));
  return found.filter((box, column) => {
    const row = matchOf.get(column);
    if (row !== undefined) return !truth[row]!.isDistractor;
    if (regions === undefined) return true;
    const isLow = box.height <= MIN_HEIGHT_PX + EPSILON;
    return !isLow && !regions.some((region) => partWithin(box, region) > MATCHED + EPSILON);
  });
}

function overlaps(truth: readonly MotBox[], found: readonly MotBox[]): Float64Array {
  const values = new Float64Array(truth.length * found.length);
  let at = 0;
  for (const one of truth) for (const other of found) values[at++] = iouOf(one, other);
  return values;
}

/** Counts ids from 0 in the order in which they come. */
function createNumbers() {
  const numbers = new Map<number, number>();
  return {
    count: () => numbers.size,
    of(id: number): number {
      const known = numbers.get(id);
      if (known !== undefined) return known;
      numbers.set(id, numbers.size);
      return numbers.size - 1;
    },
  };
}
