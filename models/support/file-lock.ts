import { spawn } from 'node:child_process';

/**
 * Takes the lock of an open file, which the kernel gives back when the file is closed or its process ends, however it does.
 * Resolves with true, with false when somebody else has it, in a container or on a host that shares the folder too, and with
 * undefined where that cannot be known: no `flock` (macOS), or a file system without locks. Never rejects.
 *
 * Node has no call for it (20 and 24). A lock of flock(2) belongs to the open file and not to the process that asked for it: the
 * program `flock` is given the file, locks it and ends.
 */
export function lockFile(fd: number): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    const child = spawn('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
    child.once('error', () => resolve(undefined));
    child.once('exit', (code) => resolve(code === 0 ? true : code === 1 ? false : undefined));
  });
}
