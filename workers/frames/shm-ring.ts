import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '../../models/domain/errors';
import { removeAtExit, scratchFolders, scratchName } from '../../models/support/scratch';
import { RING_HEADER_BYTES, RING_MAGIC, slotStrideBytes } from './ring-layout';
import type { RingFrame } from './ring-layout';

/** Bytes a ring may take unless told otherwise. */
export const RING_BUDGET_BYTES = 256 * 1024 * 1024;

const GENERATION_MAX = 0xffffffff;

export interface ShmRingOptions {
  readonly slots: number;
  /** Largest frame a slot takes, in bytes. */
  readonly frameBytes: number;
  /** Most bytes the whole ring may take. */
  readonly budgetBytes?: number;
  /** Folders to try in turn: `/dev/shm` may be missing, closed or, in a container, small. */
  readonly folders?: readonly string[];
}

/** The writing side of a frame ring. */
export interface ShmRing {
  /** Name by which a reader opens it. */
  readonly id: string;
  readonly path: string;
  readonly slots: number;
  readonly frameBytes: number;
  /** Size of the file. */
  readonly bytes: number;
  /** Copies the pixels into a slot of the caller's choice, whatever it held. Throws when the file cannot be written. */
  write(slot: number, pixels: Uint8Array): RingFrame;
  /** Removes the file; readers that have it open keep it. May be called again. */
  close(): void;
}

/**
 * Makes a ring of fixed size, mode 0600, all of it reserved at once: a full disk or `/dev/shm` is found here and not in
 * the middle of a frame. `pwrite` copies a frame in 0.1 ms and, unlike a mapping, cannot end the process when the file
 * shrinks.
 */
export function createShmRing(options: ShmRingOptions): ShmRing {
  const { slots, frameBytes, budgetBytes = RING_BUDGET_BYTES, folders = scratchFolders() } = options;
  if (!Number.isInteger(slots) || slots < 1)
    throw new RangeError(`frame ring: expected at least 1 slot, got ${slots}`);
  const stride = slotStrideBytes(frameBytes);
  if (slots * stride > budgetBytes) {
    throw new PipelineError(
      'config',
      `frame ring: expected at most ${budgetBytes} bytes, got ${slots} slots of ${stride}; lower processes or maxBatch`,
    );
  }

  const id = scratchName();
  const { fd, path } = reserve(id, slots * stride, folders);
  const unregister = removeAtExit(path);
  const header = new Uint32Array(RING_HEADER_BYTES / 4);
  const headerBytes = new Uint8Array(header.buffer);
  let lastGeneration = 0;
  let isOpen = true;

  function writeHeader(slot: number, generation: number, length: number): void {
    header.set([RING_MAGIC, generation, length, 0]);
    writeFully(fd, headerBytes, slot * stride);
  }

  return {
    id,
    path,
    slots,
    frameBytes,
    bytes: slots * stride,
    write(slot, pixels) {
      if (!Number.isInteger(slot) || slot < 0 || slot >= slots) {
        throw new RangeError(`frame ring: expected a slot of 0 to ${slots - 1}, got ${slot}`);
      }
      if (pixels.length > frameBytes) {
        throw new RangeError(`frame ring: expected at most ${frameBytes} bytes, got ${pixels.length}`);
      }
      if (!isOpen) throw new Error('frame ring: expected an open ring, got a closed one');
      lastGeneration = (lastGeneration % GENERATION_MAX) + 1;
      writeHeader(slot, 0, 0);
      writeFully(fd, pixels, slot * stride + RING_HEADER_BYTES);
      writeHeader(slot, lastGeneration, pixels.length);
      return { slot, generation: lastGeneration, length: pixels.length };
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      closeSync(fd);
      unregister();
    },
  };
}

function reserve(id: string, bytes: number, folders: readonly string[]): { fd: number; path: string } {
  const causes: string[] = [];
  for (const folder of folders) {
    const path = join(folder, id);
    try {
      return { fd: openReserved(path, bytes), path };
    } catch (error) {
      causes.push((error as NodeJS.ErrnoException).message);
    }
  }
  throw new PipelineError('config', `frame ring: expected room for ${bytes} bytes, got ${causes.join('; ')}`);
}

function openReserved(path: string, bytes: number): number {
  const fd = openSync(
    path,
    constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    // Written rather than truncated to size: a hole takes its memory only when it is too late to say no.
    const zeros = new Uint8Array(Math.min(bytes, 1024 * 1024));
    for (let at = 0; at < bytes; at += zeros.length) writeFully(fd, zeros.subarray(0, bytes - at), at);
    return fd;
  } catch (error) {
    closeSync(fd);
    rmSync(path, { force: true });
    throw error;
  }
}

function writeFully(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}
