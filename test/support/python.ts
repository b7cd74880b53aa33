import { execFileSync, spawnSync } from 'node:child_process';

/** The system's own: its modules come as packages of the system, which another Python on the PATH does not see. */
export const PYTHON = '/usr/bin/python3';

/**
 * `describe` where the modules are there. Where they are missing and cannot be installed by `setup.mjs` (no apt-get), the
 * tests are skipped; where they could have been, they run and fail.
 */
export function describeWithPython(...modules: readonly string[]): jest.Describe {
  const isThere = spawnSync(PYTHON, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' }).status === 0;
  const isInstallable = spawnSync('sh', ['-c', 'command -v apt-get'], { stdio: 'ignore' }).status === 0;
  return isThere || isInstallable ? describe : describe.skip;
}

/** Runs a script to its end and gives what it printed; throws with what it complained of. */
export function runPython(script: string, args: readonly string[], input: string): string {
  return execFileSync(PYTHON, [script, ...args], { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}
