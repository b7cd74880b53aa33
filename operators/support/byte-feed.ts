import { Readable } from 'node:stream';

/** Bytes on their way into a pipe, lent until the pipe has taken them. */
export interface ByteFeed {
  /** For `pipe()`; ends after `end()`. */
  readonly readable: Readable;
  /** Queues bytes, which must not change until `onTaken` was called: once, after the pipe took them or on `abort`. */
  write(bytes: Uint8Array, onTaken?: () => void): void;
  end(): void;
  /** Forgets what is queued and calls every `onTaken` that is due. Later writes are taken at once. */
  abort(): void;
}

/** A pipe may hold less than its high-water mark (16 to 64 KiB, Node 20 to 22) unwritten and ask for more; such bytes are copied. */
const ALWAYS_BACKPRESSURED_BYTES = 262_144;

interface Chunk {
  readonly bytes: Uint8Array;
  readonly onTaken: (() => void) | undefined;
}

/**
 * Feeds borrowed memory to `readable.pipe(stdin)` without copying. A write callback is out of reach behind a pipe, so this
 * relies on its back-pressure: with a high-water mark of 0 nothing is read ahead, and a write larger than the destination's
 * own mark stops the flow until `drain`, when all of it was written. So the next read means that the chunk before is free.
 */
export function createByteFeed(): ByteFeed {
  const queue: Chunk[] = [];
  let onTaken: (() => void) | undefined;
  let isWanted = false;
  let isEnded = false;
  let isAborted = false;

  const readable = new Readable({
    highWaterMark: 0,
    read() {
      isWanted = true;
      settle();
      pushNext();
    },
  });

  function settle() {
    const settled = onTaken;
    onTaken = undefined;
    settled?.();
  }

  function pushNext() {
    if (!isWanted) return;
    const next = queue.shift();
    if (next !== undefined) {
      isWanted = false;
      onTaken = next.onTaken;
      readable.push(next.bytes);
    } else if (isEnded) {
      isWanted = false;
      readable.push(null);
    }
  }

  return {
    readable,
    write(bytes, onChunkTaken) {
      if (isAborted) {
        onChunkTaken?.();
        return;
      }
      const kept = bytes.length < ALWAYS_BACKPRESSURED_BYTES ? bytes.slice() : bytes;
      queue.push({ bytes: kept, onTaken: onChunkTaken });
      pushNext();
    },
    end() {
      isEnded = true;
      pushNext();
    },
    abort() {
      if (isAborted) return;
      isAborted = true;
      readable.destroy();
      settle();
      for (const chunk of queue.splice(0)) chunk.onTaken?.();
    },
  };
}
