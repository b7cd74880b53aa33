import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../models/support/package-root';
import { sweepScratch } from '../../models/support/scratch';
import { listProcesses } from '../support/processes';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';
import { copyModel, scratchOf } from '../workers/support/pool-fixture';
import type { Fault } from '../workers/support/pool-fixture';

interface Report {
  readonly pids: number[];
  readonly scratch: string[];
}

describe('what a pool leaves behind', () => {
  const folder = tempFolder();

  async function startParent(
    fault: Fault,
    then: 'stay' | 'exit',
  ): Promise<{ parent: ChildProcess; report: Report }> {
    const program = join(packageRoot, 'test/workers/support/pool-parent.ts');
    const parent = spawn(
      process.execPath,
      ['--require', 'tsx/cjs', program, copyModel(folder, fault), then],
      {
        cwd: packageRoot,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
    return { parent, report: JSON.parse(line) as Report };
  }

  const living = (pids: readonly number[]) => listProcesses().filter(({ pid }) => pids.includes(pid));
  const allEnded = (pids: readonly number[]) =>
    waitFor(() => living(pids).length === 0, { what: 'the end of the inference processes' });

  it.each([
    ['working', { kind: 'delay', afterFrames: 0, delayMs: 60_000 }],
    ['hanging', { kind: 'hang', afterFrames: 0 }],
  ] as const)(
    'is, after a SIGKILL amid %s processes, only a ring that the next start removes',
    async (_what, fault) => {
      const { parent, report } = await startParent(fault, 'stay');
      expect(living(report.pids)).toHaveLength(2);
      expect(report.scratch).toHaveLength(1);
      sweepScratch();
      expect(scratchOf(parent.pid)).toEqual(report.scratch);

      parent.kill('SIGKILL');
      await once(parent, 'exit');
      await allEnded(report.pids);
      // Another pool that starts on this machine at the same time may have removed it already.
      expect(report.scratch).toEqual(expect.arrayContaining(scratchOf(parent.pid)));
      sweepScratch();
      expect(scratchOf(parent.pid)).toEqual([]);
    },
  );

  it('is nothing after process.exit() without a close', async () => {
    const { parent, report } = await startParent({ kind: 'delay', afterFrames: 0, delayMs: 60_000 }, 'exit');
    if (parent.exitCode === null) await once(parent, 'exit');
    await allEnded(report.pids);
    expect(scratchOf(parent.pid)).toEqual([]);
  });
});
