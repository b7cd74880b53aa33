import type { FrameLease, SourceMode } from '../../models/domain/frame';
import { createFramePool } from './frame-pool';
import type { FramePool } from './frame-pool';
import { createNutReader } from './nut-reader';

export interface NutSinkOptions {
  readonly mode: SourceMode;
  /** Buffers, or their number for a picture size that is known only when the first one comes. */
  readonly count: number | ((byteLength: number) => number);
  /** Bytes a picture, when known ahead. */
  readonly byteLength?: number;
  /** A picture was read; `lease` is undefined when there was no buffer for it (live only). */
  readonly onPixels: (lease: FrameLease | undefined, muxedPtsMs: number) => void;
  readonly onError: (error: unknown) => void;
}

export interface NutSink {
  /**
   * Reads a chunk and calls `done` when all of it was taken, perhaps at once; `chunk` must not change until then. A recorded
   * source that finds no free buffer takes the rest when one comes back.
   */
  consume(chunk: Uint8Array, done: () => void): void;
  /** Reads no further and lets pass what still comes; buffers in hand are given back. */
  stop(): void;
}

/** Reads frames of one rendition from NUT bytes into a bounded pool of buffers. */
export function createNutSink({ mode, count, byteLength, onPixels, onError }: NutSinkOptions): NutSink {
  let pool: FramePool | undefined = byteLength === undefined ? undefined : poolOf(byteLength);
  let lease: FrameLease | undefined;
  let resume: (() => void) | undefined;
  let isStopped = false;

  function poolOf(bytes: number): FramePool {
    const buffers = typeof count === 'number' ? count : count(bytes);
    return createFramePool({ count: buffers, byteLength: bytes, onFree: () => resume?.() });
  }

  const reader = createNutReader({
    onFrameStart(frame) {
      if (pool === undefined || pool.byteLength < frame.byteLength) pool = poolOf(frame.byteLength);
      lease = pool.acquire();
      if (lease !== undefined) return lease.pixels;
      return mode === 'live' ? 'discard' : 'wait';
    },
    onFrameEnd(frame) {
      const complete = lease;
      lease = undefined;
      onPixels(complete, frame.ptsMs);
    },
  });

  /** Reads the chunk, now and whenever a buffer comes back, then lets the stream go on. */
  function consume(chunk: Uint8Array, done: () => void): void {
    let offset = 0;
    let isReading = false;
    const read = () => {
      // A frame given on may be released at once, which calls back in here.
      if (isReading) return;
      isReading = true;
      try {
        if (!isStopped) offset += reader.push(chunk.subarray(offset));
      } catch (error) {
        isStopped = true;
        onError(error);
      }
      isReading = false;
      if (offset < chunk.length && !isStopped) return;
      resume = undefined;
      // Once stopped, what still comes is read past, so that the pipe drains and closes.
      done();
    };
    resume = read;
    read();
  }

  return {
    consume,
    stop() {
      isStopped = true;
      lease?.release();
      lease = undefined;
      resume?.();
    },
  };
}
