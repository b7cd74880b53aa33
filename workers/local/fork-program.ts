import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { PipelineError } from '../../models/domain/errors';

/** Below the processes that decode and talk to Redis: latency p99 with saturated cores is 31 ms at equal priority, 5 ms so. */
const NICENESS = 10;

/**
 * Forks a program of `workers/`, of its own process group; the pipe GUARD_FD is open for its guard. From TypeScript sources
 * (tests, tsx) it needs the same loader; in `dist/` there is nothing to load. Throws when the system gives no process.
 */
export function forkProgram(program: 'inference' | 'inspect'): ChildProcess {
  const isSource = __filename.endsWith('.ts');
  const main = join(__dirname, '..', program, isSource ? 'main.ts' : 'main.js');
  const child = fork(main, [], {
    detached: true,
    serialization: 'advanced',
    execArgv: isSource ? ['--require', require.resolve('tsx/cjs')] : [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
  });
  child.on('error', () => undefined);
  if (child.pid === undefined) {
    throw new PipelineError(
      'worker_lost',
      `${program} process: expected a process, got none (limit of open files?)`,
    );
  }
  try {
    setPriority(child.pid, NICENESS);
  } catch {
    // Ended already, or a system that forbids it: the others are only slower.
  }
  return child;
}
