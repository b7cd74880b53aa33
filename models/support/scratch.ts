import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Files and folders that must not outlive the process that made them: frame rings, folders of private sockets. Their
 * names tell whose they are, so that the next start can remove what a SIGKILL left.
 *
 * Name: `sightline-<boot>-<pid>-<random>`, the last part being `<pid namespace>-<start time of pid>-<random>`.
 */
const SCRATCH_NAME = /^sightline-([0-9a-f]{8})-(\d{1,10})-([0-9a-z]{1,8})-([0-9a-z]{1,10})-[0-9a-z]{10}$/;

/** Where scratch files may lie: memory first, since a ring there never reaches a disk. */
export function scratchFolders(): readonly string[] {
  return [...new Set(['/dev/shm', tmpdir(), '/tmp'])];
}

interface ProcessMark {
  readonly boot: string;
  readonly pid: number;
  readonly namespace: string;
  readonly startTime: string;
}

function bootToken(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').replaceAll('-', '').slice(0, 8);
  } catch {
    // Not Linux: nothing tells boots apart, and files are judged by their pid alone.
    return '00000000';
  }
}

/** Two containers may share a folder but not their pids. */
function pidNamespace(): string {
  try {
    const inode = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
    return Number(inode).toString(36);
  } catch {
    return '0';
  }
}

/** Start of a process in clock ticks since boot (field 22 of /proc/<pid>/stat), base 36; '0' where unknown. */
function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command, field 2, may hold spaces and brackets: fields are counted from its last bracket.
    const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return Number(startTime ?? 0).toString(36);
  } catch {
    return '0';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

let ownMark: ProcessMark | undefined;

function markOfThisProcess(): ProcessMark {
  ownMark ??= {
    boot: bootToken(),
    pid: process.pid,
    namespace: pidNamespace(),
    startTime: startTimeOf(process.pid),
  };
  return ownMark;
}

/** A new name of this process, matching `^[a-z0-9-]{1,64}$`; unguessable, so that nobody can take it first. */
export function scratchName(): string {
  const { boot, pid, namespace, startTime } = markOfThisProcess();
  const random = BigInt(`0x${randomBytes(7).toString('hex')}`)
    .toString(36)
    .padStart(11, '0')
    .slice(-10);
  return `sightline-${boot}-${pid}-${namespace}-${startTime}-${random}`;
}

/**
 * True when the name says that its process is gone. When in doubt it says false: a name of another pid namespace of
 * this boot is not judged, and a pid counts as another process only when both start times are known and differ.
 */
export function isOrphaned(name: string): boolean {
  const [, boot, pid, namespace, startTime] = SCRATCH_NAME.exec(name) ?? [];
  if (boot === undefined) return false;
  const own = markOfThisProcess();
  if (boot !== own.boot) return true;
  if (namespace !== own.namespace) return false;
  if (!isAlive(Number(pid))) return true;
  const running = startTimeOf(Number(pid));
  return startTime !== '0' && running !== '0' && running !== startTime;
}

/** Paths that a `process.exit()` without a drain must still remove; one listener however many there are. */
const removedAtExit = new Set<string>();

function removeAll(): void {
  for (const path of removedAtExit) rmSync(path, { recursive: true, force: true });
}

/** Has the path removed when this process exits, however it does but by a signal. The function returned removes it now. */
export function removeAtExit(path: string): () => void {
  if (removedAtExit.size === 0) process.once('exit', removeAll);
  removedAtExit.add(path);
  return () => {
    rmSync(path, { recursive: true, force: true });
    removedAtExit.delete(path);
    if (removedAtExit.size === 0) process.off('exit', removeAll);
  };
}

/** A private folder. */
export interface ScratchFolder {
  readonly path: string;
  /** Removes the folder and all in it; may be called again. */
  readonly remove: () => void;
}

/** Longest path of a unix socket on Linux is 107 bytes and on macOS 103; what the folder holds has short names. */
const MAX_FOLDER_BYTES = 90;

/**
 * A folder of mode 0700 for private sockets, removed at exit too: in the temp folder, or where that is missing, closed or too
 * long a path for a socket, in the next that will do. Throws the last error when none will.
 */
export function createScratchFolder(): ScratchFolder {
  const name = scratchName();
  const paths = [tmpdir(), '/dev/shm', '/tmp'].map((folder) => join(folder, name));
  let failure: unknown = new RangeError(`temp folder: expected a path for sockets, got ${tmpdir()}`);
  for (const path of paths.filter((each) => Buffer.byteLength(each) <= MAX_FOLDER_BYTES)) {
    try {
      mkdirSync(path, { mode: 0o700 });
      return { path, remove: removeAtExit(path) };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/**
 * Removes what dead processes of this user left; called at start. Never touches what a living process owns, what another
 * user owns, or a link. Returns the paths removed.
 */
export function sweepScratch(folders: readonly string[] = scratchFolders()): readonly string[] {
  return folders
    .flatMap((folder) =>
      namesIn(folder)
        .filter(isOrphaned)
        .map((name) => join(folder, name)),
    )
    .filter(sweep);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A folder that is missing or closed to us holds nothing of ours.
    return [];
  }
}

function sweep(path: string): boolean {
  try {
    const stats = lstatSync(path);
    if (stats.isSymbolicLink() || stats.uid !== process.getuid?.()) return false;
    rmSync(path, { recursive: true });
    return true;
  } catch {
    // Another start swept it first, or it cannot be removed: neither may keep this one from starting.
    return false;
  }
}
