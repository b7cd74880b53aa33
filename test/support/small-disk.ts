import { execFileSync } from 'node:child_process';
import { mkdirSync, rmdirSync } from 'node:fs';

/** A file system of its own. */
export interface SmallDisk {
  readonly path: string;
  resize(kib: number): void;
  makeReadOnly(): void;
  remove(): void;
}

/** Mounts one of so many KiB, and files and folders (itself included), in memory; undefined where this user may not. */
export function mountSmallDisk(path: string, kib: number, files = 1000): SmallDisk | undefined {
  mkdirSync(path, { recursive: true });
  const run = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: 'ignore' });
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${kib}k,nr_inodes=${files}`, 'sightline-test', path);
  } catch {
    rmdirSync(path);
    return undefined;
  }
  return {
    path,
    resize: (size) => void run('mount', '-o', `remount,size=${size}k`, path),
    makeReadOnly: () => void run('mount', '-o', 'remount,ro', path),
    remove() {
      run('umount', '--lazy', path);
      rmdirSync(path);
    },
  };
}
