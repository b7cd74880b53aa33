import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** Writes lines to a pipe, a file or a terminal, no faster than they are taken. */
export interface LineWriter {
  /** Resolves with false when whoever read has left. */
  write(line: string): Promise<boolean>;
}

/** Over a stream such as standard output. Rejects with the stream's error unless that says that the reader left. */
export function createLineWriter(stream: Writable): LineWriter {
  let failure: NodeJS.ErrnoException | undefined;
  stream.on('error', (error) => (failure ??= error));
  const hasLeft = () => failure?.code === 'EPIPE' || failure?.code === 'ERR_STREAM_DESTROYED';
  return {
    async write(line) {
      if (failure === undefined && !stream.write(`${line}\n`)) {
        // Only one of the two comes.
        const stop = new AbortController();
        const { signal } = stop;
        const settled = ['drain', 'error', 'close'].map((name) => once(stream, name, { signal }));
        await Promise.race(settled).catch(() => undefined);
        stop.abort();
        for (const one of settled) one.catch(() => undefined);
      }
      if (failure !== undefined && !hasLeft()) throw failure;
      return failure === undefined;
    },
  };
}
