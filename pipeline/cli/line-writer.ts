import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { PipelineError, toError } from '../../models/domain/errors';

/** Writes lines to a pipe, a file or a terminal, no faster than they are taken. */
export interface LineWriter {
  /** Resolves with false when whoever read has left. */
  write(line: string): Promise<boolean>;
}

/** Over a stream such as standard output. Rejects with a PipelineError `sink` when it fails, unless that says that the reader left. */
export function createLineWriter(stream: Writable, name: string): LineWriter {
  let failure: NodeJS.ErrnoException | undefined;
  stream.on('error', (error) => (failure ??= error));
  const hasLeft = () => failure?.code === 'EPIPE' || failure?.code === 'ERR_STREAM_DESTROYED';
  /** False when it takes no more for now, or failed: a file is written to at once. */
  function put(line: string): boolean {
    try {
      return stream.write(`${line}\n`);
    } catch (error) {
      failure = toError(error);
      return true;
    }
  }

  return {
    async write(line) {
      if (failure === undefined && !put(line)) {
        // Only one of the two comes.
        const stop = new AbortController();
        const { signal } = stop;
        const settled = ['drain', 'error', 'close'].map((name) => once(stream, name, { signal }));
        await Promise.race(settled).catch(() => undefined);
        stop.abort();
        for (const one of settled) one.catch(() => undefined);
      }
      if (failure !== undefined && !hasLeft())
        throw new PipelineError('sink', `${name}: expected to write events, got ${failure.message}`);
      return failure === undefined;
    },
  };
}
