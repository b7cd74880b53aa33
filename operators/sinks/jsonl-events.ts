import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { PipelineError, toError } from '../../models/domain/errors';
import type { SightlineEvent } from '../../models/domain/event';
import type { EventSink } from '../../models/domain/event-sink';
import { createQueuedSink } from './queued-sink';

export interface JsonlSinkOptions {
  /** A file, or `-` for stdout. */
  readonly path: string;
  /** Keep what the file holds and write after it; default false: start the file anew. */
  readonly isAppending?: boolean;
  /** Stands in for the process's own in tests. */
  readonly stdout?: Writable;
}

const MAX_PENDING_BYTES = 1024 * 1024;
const MAX_BATCH_BYTES = 256 * 1024;
/** One write a frame, each by way of a pool thread, took a quarter of the main process's time when it analysed a file. */
const FILE_INTERVAL_MS = 20;

/**
 * Events as JSON Lines: one event a line, in the order of `write`, handed to the system some 20 ms later at most. At most about 1 MiB
 * waits in memory. Rejects with a PipelineError `sink` that names the path when it cannot be opened; a full disk ends the
 * sink the same way. A reader of stdout that goes away ends it quietly.
 */
export async function createJsonlSink(options: JsonlSinkOptions): Promise<EventSink> {
  const { path, isAppending = false, stdout = process.stdout } = options;
  return path === '-' ? createStreamSink(stdout) : createFileSink(path, isAppending);
}

function encode(event: SightlineEvent): { readonly item: string; readonly cost: number } {
  const line = `${JSON.stringify(event)}\n`;
  return { item: line, cost: line.length };
}

const limits = { encode, maxPendingCost: MAX_PENDING_BYTES, maxBatchCost: MAX_BATCH_BYTES };

async function createFileSink(path: string, isAppending: boolean): Promise<EventSink> {
  const handle = await openFile(path, isAppending);
  return createQueuedSink<string>({
    ...limits,
    name: path,
    intervalMs: FILE_INTERVAL_MS,
    async flush(lines) {
      try {
        await writeFully(handle, lines.join(''));
      } catch (error) {
        throw notWritable(path, error);
      }
      return 'written';
    },
    async dispose() {
      try {
        await handle.close();
      } catch (error) {
        throw notWritable(path, error);
      }
    },
  });
}

async function openFile(path: string, isAppending: boolean): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    // Opening to append needs to read too: the file may end in half a line.
    handle = await open(path, isAppending ? 'a+' : 'w');
    if (isAppending) await endLastLine(handle);
    return handle;
  } catch (error) {
    await handle?.close();
    throw notWritable(path, error);
  }
}

/** A process that was killed may have left half a line; the next event must not become part of it. */
async function endLastLine(handle: FileHandle): Promise<void> {
  const { size, mode } = await handle.stat();
  const isRegular = (mode & constants.S_IFMT) === constants.S_IFREG;
  if (!isRegular || size === 0) return;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  if (buffer[0] !== 0x0a) await writeFully(handle, '\n');
}

async function writeFully(handle: FileHandle, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  for (let offset = 0; offset < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, offset, bytes.length - offset);
    offset += bytesWritten;
  }
}

function createStreamSink(stream: Writable): EventSink {
  // The write callback reports failures; without a listener the same error would end the process as well.
  const ignore = () => undefined;
  stream.on('error', ignore);
  return createQueuedSink<string>({
    ...limits,
    name: 'stdout',
    flush: (lines) =>
      new Promise((resolve, reject) => {
        stream.write(lines.join(''), (error) => {
          if (error === null || error === undefined) resolve('written');
          else if (isReaderGone(error)) resolve('reader_left');
          else reject(notWritable('stdout', error));
        });
      }),
    async dispose() {
      // 'error' comes one tick after the callback.
      await new Promise(setImmediate);
      stream.off('error', ignore);
    },
  });
}

function isReaderGone(error: Error & { readonly code?: string }): boolean {
  return error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED';
}

function notWritable(path: string, cause: unknown): PipelineError {
  return new PipelineError(
    'sink',
    `${path}: expected a file that can be written, got ${toError(cause).message}`,
    { cause },
  );
}
