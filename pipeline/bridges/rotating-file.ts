import { open, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

export interface RotatingFileOptions {
  /** The newest file; older ones are `<path>.1`, `<path>.2` … */
  readonly path: string;
  /** A file that would grow beyond this is put aside. A line that is longer has one of its own. */
  readonly maxBytes: number;
  /** The newest included. */
  readonly maxFiles: number;
}

/** A file of lines that is put aside when it is full. One call at a time. */
export interface RotatingFile {
  /**
   * Writes lines to the disk, as many as the file has room for, one at least, and resolves with how many. Rejects with what the
   * system says, and then none of them is in the file.
   */
  append(lines: readonly string[]): Promise<number>;
  close(): Promise<void>;
}

const MOST_TAIL_BYTES = 1024 * 1024;

/** Opens nothing yet: that is done by the first `append`, and again when the file was moved or deleted by somebody else. */
export function createRotatingFile({ path, maxBytes, maxFiles }: RotatingFileOptions): RotatingFile {
  let file: { readonly handle: FileHandle; readonly ino: number; size: number } | undefined;

  async function opened() {
    if (file !== undefined) {
      const there = await stat(path).catch(() => undefined);
      if (there?.ino === file.ino) return file;
      await close();
    }
    const handle = await open(path, 'a+', 0o644);
    try {
      const stats = await handle.stat();
      // A pipe that nobody reads would block for ever, and keeps nothing.
      if (!stats.isFile()) throw new Error('what is no regular file');
      const { size, ino } = stats;
      file = { handle, ino, size: await withoutTornLine(handle, size) };
      return file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async function close(): Promise<void> {
    const { handle } = file ?? {};
    file = undefined;
    await handle?.close();
  }

  async function rotate(): Promise<void> {
    await close();
    if (maxFiles === 1) {
      await rm(path, { force: true });
      return;
    }
    for (let number = maxFiles - 1; number >= 1; number--) {
      const from = number === 1 ? path : `${path}.${String(number - 1)}`;
      await rename(from, `${path}.${String(number)}`).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      });
    }
  }

  async function write(target: NonNullable<typeof file>, data: Buffer): Promise<void> {
    try {
      await target.handle.appendFile(data);
      await target.handle.datasync();
      target.size += data.length;
    } catch (error) {
      // What was written of it would be there twice.
      await target.handle.truncate(target.size).catch(() => undefined);
      await close().catch(() => undefined);
      throw error;
    }
  }

  return {
    async append(lines) {
      let target = await opened();
      const all = lines.map((line) => Buffer.from(`${line}\n`));
      if (target.size > 0 && target.size + (all[0]?.length ?? 0) > maxBytes) {
        await rotate();
        target = await opened();
      }
      let bytes = target.size;
      const end = all.findIndex((line, index) => (bytes += line.length) > maxBytes && index > 0);
      const part = all.slice(0, end === -1 ? all.length : end);
      await write(target, Buffer.concat(part));
      return part.length;
    },
    close,
  };
}

/** A process that was killed may have left half a line; its event was not acknowledged, and comes again. Resolves with the size. */
async function withoutTornLine(handle: FileHandle, size: number): Promise<number> {
  const length = Math.min(size, MOST_TAIL_BYTES);
  const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
  if (length === 0 || buffer[length - 1] === 0x0a) return size;
  const lineFrom = size - length + buffer.lastIndexOf(0x0a) + 1;
  // What is no line of ours is only ended: it is not ours to delete.
  if (buffer[buffer.lastIndexOf(0x0a) + 1] === 0x7b) {
    await handle.truncate(lineFrom);
    return lineFrom;
  }
  await handle.appendFile('\n');
  return size + 1;
}
