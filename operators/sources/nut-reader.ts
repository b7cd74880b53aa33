import { PipelineError } from '../../models/domain/errors';
import { readNutHeader, readNutFrameHeader, NUT_FILE_ID } from './nut-headers';
import type { NutState } from './nut-headers';

/** Where the reader puts the pictures it finds. */
export interface NutReaderHooks {
  /**
   * A frame of `byteLength` bytes begins. Returns the buffer to fill (at least as long), `'discard'` to read past it, or
   * `'wait'` to stop before its pixels until `push` is called again with the bytes not consumed.
   */
  onFrameStart(frame: NutFrame): Uint8Array | 'discard' | 'wait';
  /** All bytes of the frame begun last are in its buffer (or were discarded). */
  onFrameEnd(frame: NutFrame): void;
}

export interface NutFrame {
  readonly byteLength: number;
  /** Presentation time as the muxer wrote it, in milliseconds. FFmpeg forces it to grow, so a backward jump is not in it. */
  readonly ptsMs: number;
  readonly isKey: boolean;
}

export interface NutReader {
  /** Takes what it can of `chunk` and returns how many bytes that was: all, unless `onFrameStart` said `'wait'`. */
  push(chunk: Uint8Array): number;
}

/** Headers are tens of bytes, metadata some hundreds; more without a frame is no NUT stream. */
const MAX_HEADER_BYTES = 256 * 1024;

/**
 * Reads one raw video stream out of NUT (https://ffmpeg.org/~michael/nut.txt), as FFmpeg writes it to a pipe, cut into
 * chunks in any way. Pixels go straight into the buffers that the hooks give; only headers are ever joined.
 *
 * Throws PipelineError `corrupt` from `push` when the bytes are no NUT stream.
 */
export function createNutReader(hooks: NutReaderHooks): NutReader {
  const state: NutState = { isStarted: false, lastPts: 0 };
  let partial: Uint8Array = new Uint8Array(0);
  let frame: NutFrame | undefined;
  let target: Uint8Array | undefined;
  let filled = 0;
  let elided: Uint8Array | undefined;

  function fill(chunk: Uint8Array, offset: number): number {
    const length = Math.min(frame!.byteLength - filled, chunk.length - offset);
    target?.set(chunk.subarray(offset, offset + length), filled);
    filled += length;
    if (filled === frame!.byteLength) {
      const complete = frame!;
      frame = undefined;
      target = undefined;
      hooks.onFrameEnd(complete);
    }
    return offset + length;
  }

  /** Length of the header at `offset`, 0 when it is not whole yet, or -1 when its frame must wait. */
  function readHeader(bytes: Uint8Array, offset: number): number {
    if (!state.isStarted) {
      if (bytes.length - offset < NUT_FILE_ID.length) return 0;
      if (!NUT_FILE_ID.every((byte, index) => bytes[offset + index] === byte)) {
        throw new PipelineError('corrupt', 'decoded video: expected a NUT stream, got other bytes');
      }
      state.isStarted = true;
      return NUT_FILE_ID.length;
    }
    if (bytes[offset] === 0x4e) return readNutHeader(state, bytes, offset);
    const header = readNutFrameHeader(state, bytes, offset);
    if (header === undefined) return 0;
    const next = { byteLength: header.byteLength, ptsMs: header.ptsMs, isKey: header.isKey };
    const buffer = hooks.onFrameStart(next);
    if (buffer === 'wait') return -1;
    state.lastPts = header.pts;
    frame = next;
    target = buffer === 'discard' ? undefined : buffer;
    elided = header.elided;
    filled = 0;
    if (elided !== undefined) {
      target?.set(elided, 0);
      filled = elided.length;
    }
    return header.headerLength;
  }

  return {
    push(chunk) {
      const joined = partial.length === 0 ? chunk : join(partial, chunk);
      const carried = partial.length;
      partial = new Uint8Array(0);
      let offset = 0;
      while (offset < joined.length || frame?.byteLength === filled) {
        if (frame !== undefined) {
          offset = fill(joined, offset);
          continue;
        }
        const length = readHeader(joined, offset);
        if (length === -1) {
          // The header stays for the next call: consumed bytes end before it, or it is kept whole when it began earlier.
          if (offset >= carried) return offset - carried;
          partial = joined.slice(offset, carried);
          return 0;
        }
        if (length === 0) {
          partial = joined.slice(offset);
          if (partial.length > MAX_HEADER_BYTES) {
            throw new PipelineError('corrupt', 'decoded video: expected a frame, got an endless header');
          }
          break;
        }
        offset += length;
      }
      return chunk.length;
    },
  };
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
