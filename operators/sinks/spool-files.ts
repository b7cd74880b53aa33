import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Entry } from './append-script';
import { decodeRecords, encodeRecord, sealed, unsealed } from './spool-records';
import type { RecordLimits, SpoolRecord } from './spool-records';

/** A range of a spool, in bytes since it began. */
export interface SpoolRange {
  readonly from: number;
  readonly to: number;
}

/** The batch that was sent last, or is about to be: whoever goes on repeats exactly this one. */
export interface BatchMark extends SpoolRange {
  readonly writer: string;
  readonly batch: number;
}

/** What is to be sent next. */
export interface SpoolChunk extends SpoolRange {
  readonly records: readonly SpoolRecord[];
  /** Records that were cut off or damaged, and are left out. */
  readonly damaged: number;
}

/** What spools that share a bound take of the disk. */
export interface SpoolBudget {
  readonly maxBytes: number;
  usedBytes: number;
}

/** A file of a spool. */
export interface SpoolSegment {
  /** Where it begins, in bytes since the spool began; also its name. */
  readonly start: number;
  size: number;
}

export interface SpoolFilesOptions {
  /** The folder. */
  readonly path: string;
  /** What it holds, oldest first. */
  readonly segments: SpoolSegment[];
  /** Where what was not confirmed begins. */
  readonly head: number;
  /** `segments` count in it already. */
  readonly budget: SpoolBudget;
}

/** Entries on disk, first in, first out. One method at a time, but `read` and `confirm` may go on beside `append`. */
export interface SpoolFiles {
  /**
   * Adds entries, all or none, and gives their range; undefined: there is no room. `mark` names the batch they were sent in
   * already, and is written first. Rejects with the error of the disk; then nothing was added.
   */
  append(
    entries: readonly Entry[],
    atMs: number,
    mark?: Omit<BatchMark, keyof SpoolRange>,
  ): Promise<SpoolRange | undefined>;
  /** What comes next, without taking it away; undefined: nothing. `upTo`: all to that place. Rejects with the error of the disk. */
  read(limits: RecordLimits, upTo?: number): Promise<SpoolChunk | undefined>;
  mark(mark: BatchMark): Promise<void>;
  /** So many entries before this place are over; gives room back by and by. */
  confirm(to: number, count: number): Promise<void>;
  /** True when all that was added is over. */
  isEmpty(): boolean;
  /** Entries, and bytes with those that are over but take room yet. */
  stats(): { readonly entries: number; readonly bytes: number; readonly oldestAtMs: number | undefined };
  /** Closes the files and leaves them. */
  close(): Promise<void>;
}

const SEGMENTS = 16;
const MIN_SEGMENT_BYTES = 64 * 1024;
const MAX_SEGMENT_BYTES = 8 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;
const MARK_FILE = 'mark';
/** A mark is written over the one before. */
const MARK_LENGTH = 200;
const SEGMENT_NAME = /^(\d{16})\.log$/;

/** Where a segment begins by the name of its file; undefined: it is none. */
export function segmentStart(fileName: string): number | undefined {
  const [, start] = SEGMENT_NAME.exec(fileName) ?? [];
  return start === undefined ? undefined : Number(start);
}

/** The entries of one folder, in files of which the oldest are removed one by one. */
export function openSpoolFiles({ path, segments, head: firstHead, budget }: SpoolFilesOptions): SpoolFiles {
  const segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.max(MIN_SEGMENT_BYTES, budget.maxBytes / SEGMENTS));
  let head = firstHead;
  let entries = 0;
  let oldestAtMs: number | undefined;
  let tailHandle: FileHandle | undefined;
  let markHandle: FileHandle | undefined;

  const endOf = ({ start, size }: SpoolSegment) => start + size;
  const fileOf = ({ start }: SpoolSegment) => join(path, `${String(start).padStart(16, '0')}.log`);
  const tail = () => (segments.length === 0 ? head : endOf(segments.at(-1)!));

  /** The file that is written to: the last one, or a new one once that is large enough. */
  async function openTail(): Promise<{ segment: SpoolSegment; handle: FileHandle }> {
    const last = segments.at(-1);
    if (last !== undefined && last.size < segmentBytes) {
      tailHandle ??= await open(fileOf(last), 'r+');
      // What is written to a file that somebody removed, nobody can read.
      if ((await tailHandle.stat()).nlink > 0) return { segment: last, handle: tailHandle };
      if (last.size === 0) segments.pop();
    }
    const segment = { start: tail(), size: 0 };
    const handle = await open(fileOf(segment), 'w', 0o600);
    await tailHandle?.close();
    tailHandle = handle;
    segments.push(segment);
    return { segment, handle };
  }

  async function writeMark(mark: BatchMark): Promise<void> {
    markHandle ??= await open(join(path, MARK_FILE), 'w', 0o600);
    await writeAt(markHandle, sealed(JSON.stringify(mark).padEnd(MARK_LENGTH)), 0);
  }

  async function removeConfirmed(): Promise<void> {
    while (segments.length > 1 && endOf(segments[0]!) <= head) {
      const [oldest] = segments.splice(0, 1);
      budget.usedBytes -= oldest!.size;
      await rm(fileOf(oldest!), { force: true });
    }
  }

  return {
    async append(added, atMs, mark) {
      const bytes = Buffer.concat(added.map((entry) => encodeRecord({ entry, atMs })));
      if (budget.usedBytes + bytes.length > budget.maxBytes) return undefined;
      const range = { from: tail(), to: tail() + bytes.length };
      if (mark !== undefined) await writeMark({ ...mark, ...range });
      const { segment, handle } = await openTail();
      // Counted at once: spools that share the budget write at the same time.
      budget.usedBytes += bytes.length;
      try {
        await writeAt(handle, bytes, segment.size);
      } catch (error) {
        budget.usedBytes -= bytes.length;
        // A part of it would be taken for records; what cannot be cut off is written over by the next attempt.
        await handle.truncate(segment.size).catch(() => undefined);
        throw error;
      }
      segment.size += bytes.length;
      entries += added.length;
      oldestAtMs ??= atMs;
      return range;
    },
    async read(limits, upTo = Infinity) {
      const segment = segments.find((one) => head < endOf(one));
      if (segment === undefined) return undefined;
      const from = Math.max(head, segment.start);
      const end = Math.min(endOf(segment), upTo);
      for (let size = upTo === Infinity ? READ_BYTES : end; ; size *= 2) {
        const wanted = Math.min(size, end - from);
        const bytes = await readAt(fileOf(segment), from - segment.start, wanted);
        // Somebody cut it off, or removed it.
        if (bytes.length === 0) return { from, to: end, records: [], damaged: 1 };
        const isEnd = bytes.length < wanted || from + bytes.length >= end;
        const { records, damaged, length } = decodeRecords(bytes, isEnd, limits);
        oldestAtMs = records[0]?.atMs ?? oldestAtMs;
        if (length > 0) return { from, to: from + length, records, damaged };
      }
    },
    mark: writeMark,
    async confirm(to, count) {
      head = to;
      entries -= count;
      if (head >= tail()) oldestAtMs = undefined;
      await removeConfirmed();
    },
    isEmpty: () => head >= tail(),
    stats: () => ({ entries, bytes: segments.reduce((sum, { size }) => sum + size, 0), oldestAtMs }),
    async close() {
      const handles = [tailHandle, markHandle];
      [tailHandle, markHandle] = [undefined, undefined];
      for (const handle of handles) await handle?.close().catch(() => undefined);
    },
  };
}

/** The mark in a spool's folder; undefined: none was written, or it is damaged. Rejects with the error of the disk. */
export async function readMark(path: string): Promise<BatchMark | undefined> {
  const line = await readAt(join(path, MARK_FILE), 0, MARK_LENGTH * 2);
  const text = unsealed(line.subarray(0, Math.max(0, line.indexOf('\n'))));
  return text === undefined ? undefined : (JSON.parse(text) as BatchMark);
}

/** Removes a folder in one step for whoever looks: `scrap` is a name under which it is none. */
export async function removeFolder(path: string, scrap: string): Promise<void> {
  await rename(path, scrap);
  await rm(scrap, { recursive: true, force: true });
}

async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** What a file holds there, up to its end; nothing of one that is not there. */
async function readAt(path: string, position: number, length: number): Promise<Buffer> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
  try {
    const bytes = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  } finally {
    await handle.close();
  }
}
