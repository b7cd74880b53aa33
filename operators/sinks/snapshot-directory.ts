import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../models/domain/clock';
import type { Clock } from '../../models/domain/clock';
import { PipelineError } from '../../models/domain/errors';
import { redact } from '../../models/domain/redact';
import { SNAPSHOT_NAME, SnapshotError, checkSnapshotName } from '../../models/domain/snapshot';
import type { SnapshotFailure, SnapshotStore } from '../../models/domain/snapshot';
import { createFileShelf } from '../support/file-shelf';
import type { Retention } from '../support/file-shelf';

export interface SnapshotDirectoryOptions {
  /** Made when it is missing. */
  readonly path: string;
  readonly retention: Retention;
  /** What is too old goes so often. Default: every minute. */
  readonly sweepMs?: number;
  /** What others wrote there, or took away, is looked for so often. Default: every 10 minutes. */
  readonly rescanMs?: number;
  readonly clock?: Clock;
}

const DEFAULT_SWEEP_MS = 60_000;
const DEFAULT_RESCAN_MS = 600_000;
const PARTIAL = /^\.[a-z0-9][a-z0-9_-]*\.jpg\.[0-9a-f]{12}\.part$/;
/** No picture takes so long to be written: what is older was left by a process that was killed. */
const PARTIAL_LASTS_MS = 600_000;
/** Files whose age is asked for at once. */
const STATS_AT_ONCE = 64;

const REASONS: Readonly<Record<string, SnapshotFailure>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ENOTDIR: 'denied',
};

/**
 * Keeps JPEGs as files of one folder: written beside their place and then renamed, readable for owner and group. The oldest go first,
 * also those of earlier processes; only files that are named as snapshots are ever touched. Processes may share the folder: its bounds
 * then hold within `rescanMs`. A folder that was removed is made again.
 *
 * Rejects with PipelineError `sink` when the folder cannot be made, read or written.
 */
export async function createSnapshotDirectory({
  path,
  retention,
  sweepMs = DEFAULT_SWEEP_MS,
  rescanMs = DEFAULT_RESCAN_MS,
  clock = systemClock,
}: SnapshotDirectoryOptions): Promise<SnapshotStore> {
  const name = redact(path);
  const shelf = createFileShelf(retention);
  let sweeping = Promise.resolve();
  let scannedMs = -Infinity;

  const nothing = () => undefined;
  const remove = (file: string) => rm(join(path, file), { force: true }).catch(nothing);

  /** Removes what the bounds leave no room for, one sweep at a time. */
  function sweep(): Promise<void> {
    sweeping = sweeping.then(async () => {
      if (clock.monotonicMs() - scannedMs >= rescanMs) await scan().catch(nothing);
      for (const file of shelf.takeSurplus(clock.nowMs())) await remove(file);
    });
    return sweeping;
  }

  async function scan(): Promise<void> {
    scannedMs = clock.monotonicMs();
    const found = (await readdir(path)).filter((file) => SNAPSHOT_NAME.test(file) || PARTIAL.test(file));
    const files: { name: string; atMs: number; bytes: number }[] = [];
    for (let at = 0; at < found.length; at += STATS_AT_ONCE) {
      await Promise.all(
        found.slice(at, at + STATS_AT_ONCE).map(async (file) => {
          const entry = await stat(join(path, file)).catch(nothing);
          if (entry?.isFile() !== true) return;
          if (SNAPSHOT_NAME.test(file)) files.push({ name: file, atMs: entry.mtimeMs, bytes: entry.size });
          else if (clock.nowMs() - entry.mtimeMs > PARTIAL_LASTS_MS) await remove(file);
        }),
      );
    }
    shelf.reset(files);
  }

  async function write(file: string, bytes: Uint8Array): Promise<void> {
    const partial = join(path, `.${file}.${randomBytes(6).toString('hex')}.part`);
    try {
      const handle = await open(partial, 'wx', 0o640);
      try {
        await handle.writeFile(bytes);
      } finally {
        await handle.close();
      }
      await rename(partial, join(path, file));
    } catch (error) {
      await rm(partial, { force: true }).catch(nothing);
      throw error;
    }
  }

  try {
    await mkdir(path, { recursive: true, mode: 0o750 });
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    await scan();
  } catch (cause) {
    const got = codeOf(cause);
    throw new PipelineError('sink', `snapshots ${name}: expected a folder that can be written, got ${got}`, {
      cause,
    });
  }
  await sweep();
  const timer = setInterval(() => void sweep(), sweepMs).unref();

  return {
    kind: 'directory',
    name: `snapshots ${name}`,
    keyOf: (file) => file,
    async put(file, jpeg) {
      checkSnapshotName(file);
      try {
        await write(file, jpeg).catch(async (error: unknown) => {
          if (codeOf(error) !== 'ENOENT') throw error;
          await mkdir(path, { recursive: true, mode: 0o750 });
          await write(file, jpeg);
        });
      } catch (cause) {
        const code = codeOf(cause);
        throw new SnapshotError(REASONS[code] ?? 'other', `expected a file written, got ${code}`, { cause });
      }
      shelf.add({ name: file, atMs: clock.nowMs(), bytes: jpeg.length });
      if (shelf.hasSurplus()) void sweep();
    },
    async close() {
      clearInterval(timer);
      await sweeping;
    },
  };
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
