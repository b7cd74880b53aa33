import { constants, accessSync, closeSync, openSync, statSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, parse } from 'node:path';
import { toError } from '../../models/domain/errors';
import { lockFile } from '../../models/support/file-lock';
import { isOrphaned, scratchName } from '../../models/support/scratch';
import { openSpoolFiles, readMark, removeFolder, segmentStart } from './spool-files';
import type { BatchMark, SpoolBudget, SpoolFiles, SpoolSegment } from './spool-files';

/** Where the spools of one log lie, of all processes that write to it. */
export interface SpoolPlace {
  /** Is made when it is needed. */
  readonly folder: string;
  /** Which log, such as `redis://10.0.0.2:6379/0 sightline`: a spool goes nowhere else. Without credentials. */
  readonly target: string;
}

/** Events of one shard that wait on disk. No other process has it. */
export interface Spool extends Omit<SpoolFiles, 'close'> {
  readonly path: string;
  readonly shard: number;
  /** Of an earlier process: what it may have sent, and has to be repeated before all else. */
  readonly repeat: BatchMark | undefined;
  /** Removes it; when all it held is in Redis. */
  remove(): Promise<void>;
  /** Leaves it to whoever comes next, under this path. Rejects with the error of the disk when somebody removed it. */
  leave(): Promise<string>;
}

/** A spool that cannot be taken over, and why not. */
export interface LeftSpool {
  readonly path: string;
  readonly reason: string;
}

interface About {
  readonly version: typeof VERSION;
  readonly target: string;
  readonly shard: number;
  /** For people. */
  readonly host: string;
  readonly pid: number;
}

const VERSION = 1;
const SUFFIX = '.spool';
/** What is no spool yet, or no more. */
const SCRAP = '.scrap';
/** In place of a process' own name: nobody has it. */
const RELEASED = 'released-';
const ABOUT_FILE = 'about.json';
const LOCK_FILE = 'lock';

/** Makes an empty spool. Rejects with the error of the disk. */
export async function createSpool(place: SpoolPlace, shard: number, budget: SpoolBudget): Promise<Spool> {
  const name = scratchName();
  const scrap = join(place.folder, `${name}${SCRAP}`);
  await mkdir(scrap, { recursive: true, mode: 0o700 });
  const path = join(place.folder, `${name}${SUFFIX}`);
  let lock: number | undefined;
  try {
    lock = openSync(join(scrap, LOCK_FILE), 'w', 0o600);
    await lockFile(lock);
    const about: About = {
      ...{ version: VERSION, target: place.target, shard },
      ...{ host: hostname(), pid: process.pid },
    };
    await writeFile(join(scrap, ABOUT_FILE), `${JSON.stringify(about)}\n`, { mode: 0o600 });
    await rename(scrap, path);
  } catch (error) {
    if (lock !== undefined) closeSync(lock);
    await removeFolder(scrap, scrap).catch(() => undefined);
    throw error;
  }
  const files = openSpoolFiles({ path, segments: [], head: 0, budget });
  return toSpool({ path, shard, lock, files, budget, repeat: undefined });
}

/**
 * Takes over, one after the other, the spools of this log whose process is gone; `onLeft` hears of those that cannot be. The next one is
 * looked for when the one before was removed or left.
 */
export async function* adoptSpools(
  place: SpoolPlace,
  budget: SpoolBudget,
  onLeft: (left: LeftSpool) => void,
): AsyncGenerator<Spool> {
  for (const path of await foldersIn(place.folder)) {
    try {
      const spool = await adopt(path, place, budget);
      if (spool !== undefined) yield spool;
    } catch (error) {
      onLeft({ path, reason: reasonOf(error) });
    }
  }
}

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** Why a spool could not be made there, as far as that can be seen without writing; undefined: it looks well. */
export function placeFault({ folder }: SpoolPlace): string | undefined {
  for (let path = folder; ; path = dirname(path)) {
    try {
      if (!statSync(path).isDirectory()) return `${path}: expected a folder, got a file`;
      accessSync(path, constants.W_OK | constants.X_OK);
      return undefined;
    } catch (error) {
      if (!isMissing(error) || path === dirname(path))
        return `${path}: expected a folder that can be written to, got ${reasonOf(error)}`;
    }
  }
}

/** What the system says of a file, in short: `ENOSPC: no space left on device`. */
export function reasonOf(error: unknown): string {
  return toError(error).message.replace(/, \w+( '.*)?$/s, '');
}

/** The folders in there, oldest first. */
async function foldersIn(folder: string): Promise<readonly string[]> {
  try {
    const found = (await readdir(folder, { withFileTypes: true })).filter((one) => one.isDirectory());
    const dated = found.map(async ({ name }) => {
      const path = join(folder, name);
      const madeMs = await stat(join(path, ABOUT_FILE)).then(
        ({ mtimeMs }) => mtimeMs,
        () => Infinity,
      );
      return { path, madeMs };
    });
    return (await Promise.all(dated)).sort((a, b) => a.madeMs - b.madeMs).map(({ path }) => path);
  } catch {
    // Nothing was ever spooled, or nothing can be: `placeFault` says so.
    return [];
  }
}

async function adopt(path: string, place: SpoolPlace, budget: SpoolBudget): Promise<Spool | undefined> {
  const isSpool = path.endsWith(SUFFIX);
  if (!isSpool && !path.endsWith(SCRAP)) return undefined;
  const lock = await lockOrphan(path);
  if (lock === undefined) return undefined;
  const own = join(place.folder, `${scratchName()}${isSpool ? SUFFIX : SCRAP}`);
  try {
    if (!isSpool) {
      await removeFolder(path, own);
      closeSync(lock);
      return undefined;
    }
    const about = parseAbout(await readFile(join(path, ABOUT_FILE), 'utf8'));
    if (about.target !== place.target) {
      throw new Error(`events for ${about.target}, expected ${place.target}`);
    }
    await rename(path, own);
    try {
      return await openAdopted({ path: own, shard: about.shard, lock, budget });
    } catch (error) {
      // Under our name it would be taken for that of a living process where files have no locks.
      await rename(own, path);
      throw error;
    }
  } catch (error) {
    closeSync(lock);
    // Another process was faster.
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The open lock of a spool whose process is gone; undefined: it lives, or nobody can tell. */
async function lockOrphan(path: string): Promise<number | undefined> {
  let lock: number;
  try {
    lock = openSync(join(path, LOCK_FILE), 'r');
  } catch {
    return undefined;
  }
  const { name } = parse(path);
  const isGone = (await lockFile(lock)) ?? (name.startsWith(RELEASED) || isOrphaned(name));
  if (isGone) return lock;
  closeSync(lock);
  return undefined;
}

function parseAbout(text: string): About {
  const about = fieldsIn(text);
  const { version, target, shard } = about;
  if (version !== VERSION || typeof target !== 'string' || typeof shard !== 'number') {
    throw new Error(`expected a spool of version ${VERSION}, got ${text.trim().slice(0, 200) || 'nothing'}`);
  }
  return about as About;
}

/** None of what is no JSON object, such as a file that a power cut left empty. */
function fieldsIn(text: string): Partial<About> {
  try {
    return (JSON.parse(text) ?? {}) as Partial<About>;
  } catch {
    return {};
  }
}

async function openAdopted(spool: Pick<SpoolParts, 'path' | 'shard' | 'lock' | 'budget'>): Promise<Spool> {
  const { path, budget } = spool;
  const starts = (await readdir(path)).flatMap((name) => segmentStart(name) ?? []).sort((a, b) => a - b);
  const segments: SpoolSegment[] = [];
  for (const start of starts) {
    const { size } = await stat(join(path, `${String(start).padStart(16, '0')}.log`));
    segments.push({ start, size });
    budget.usedBytes += size;
  }
  const first = segments[0]?.start ?? 0;
  const mark = await readMark(path);
  // A file is removed when all of it is in Redis: then so is the batch that began in it.
  const repeat = mark !== undefined && mark.from >= first ? mark : undefined;
  const head = repeat?.from ?? Math.max(mark?.to ?? 0, first);
  const files = openSpoolFiles({ path, segments, head, budget });
  return toSpool({ ...spool, files, repeat });
}

interface SpoolParts extends Pick<Spool, 'path' | 'shard' | 'repeat'> {
  readonly lock: number;
  readonly files: SpoolFiles;
  readonly budget: SpoolBudget;
}

function toSpool({ path, shard, repeat, lock, files, budget }: SpoolParts): Spool {
  async function release(): Promise<void> {
    budget.usedBytes -= files.stats().bytes;
    await files.close();
  }
  return {
    ...files,
    path,
    shard,
    repeat,
    async remove() {
      await release();
      try {
        await removeFolder(path, path.replace(SUFFIX, SCRAP));
      } catch (error) {
        // Somebody was faster.
        if (!isMissing(error)) throw error;
      } finally {
        closeSync(lock);
      }
    },
    async leave() {
      await release();
      const released = join(dirname(path), `${RELEASED}${scratchName()}${SUFFIX}`);
      try {
        await rename(path, released);
        return released;
      } catch (error) {
        if (isMissing(error)) throw error;
        // It stays under its name, and is judged by its lock.
        return path;
      } finally {
        closeSync(lock);
      }
    },
  };
}
