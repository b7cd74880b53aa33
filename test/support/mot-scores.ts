import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../models/support/package-root';
import type { ScoresBySequence } from '../bench/mot/scores';

/** Tracking data beside the project, where whoever has it keeps it. */
export const MOT_KIT = join(packageRoot, '../shared/mot-devkit');

/** Scores of our tracker (`ours`) or of reference results on one benchmark. */
export function motScores(tracker: string, benchmark: string): ScoresBySequence {
  const program = join(packageRoot, 'test/bench/mot/scores.ts');
  const output = execFileSync(
    process.execPath,
    ['--require', 'tsx/cjs', program, MOT_KIT, tracker, benchmark],
    {
      cwd: packageRoot,
    },
  );
  return JSON.parse(output.toString()) as ScoresBySequence;
}
