import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../../models/support/package-root';
import type { BenchTracker } from './greedy';
import { countMot, scoreMot } from './score';
import type { MotScores } from './score';
import { readBoxes, readSequence, sequencesOf } from './sequence';
import type { MotSequence, ScoredBox } from './sequence';

/** Scores by sequence, and of all together as `COMBINED`. */
export type ScoresBySequence = Readonly<Record<string, MotScores>>;

type Results = readonly (readonly ScoredBox[])[];

/**
 * A program: `scores.ts KIT TRACKER BENCHMARK` prints a ScoresBySequence as JSON. TRACKER is `ours`, or the name of reference
 * results in KIT. Apart from jest, in whose sandbox such arithmetic takes five times as long.
 */
async function main([kit = '', tracker = '', benchmark = '']: readonly string[]): Promise<void> {
  const data = join(kit, 'data');
  const resultsOf =
    tracker === 'ours'
      ? await ownResults()
      : (sequence: MotSequence) =>
          readBoxes(
            join(kit, 'reference_results', tracker, benchmark, `${sequence.name}.txt`),
            sequence.truth.length,
          );
  const counted = sequencesOf(data, benchmark).map((name) => {
    const sequence = readSequence(data, benchmark, name);
    return [name, countMot(sequence, resultsOf(sequence), benchmark)] as const;
  });
  const scores: ScoresBySequence = {
    ...Object.fromEntries(counted.map(([name, counts]) => [name, scoreMot([counts])])),
    COMBINED: scoreMot(counted.map(([, counts]) => counts)),
  };
  process.stdout.write(JSON.stringify(scores));
}

async function ownResults(): Promise<(sequence: MotSequence) => Results> {
  const { createTracker } = (await import(
    pathToFileURL(join(packageRoot, 'test/bench/mot/tracker.mjs')).href
  )) as {
    readonly createTracker: (about: Pick<MotSequence, 'frameRate' | 'width' | 'height'>) => BenchTracker;
  };
  return (sequence) => {
    const tracker = createTracker(sequence);
    return sequence.detections.map((found) => tracker.update(found));
  };
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
