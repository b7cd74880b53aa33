import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '../../models/domain/errors';
import { scratchFolders } from '../../models/support/scratch';
import { RING_HEADER_BYTES, RING_MAGIC, isRingId, slotStrideBytes } from './ring-layout';
import type { RingFrame } from './ring-layout';

export interface RingReaderOptions {
  readonly ringId: string;
  /** Bytes of a frame of the model; a ring of other slots is refused. */
  readonly frameBytes: number;
  readonly folders?: readonly string[];
}

/** The reading side of a frame ring. */
export interface RingReader {
  readonly slots: number;
  /**
   * Copies a frame into `target`, which has the frame's length. False when the slot holds another frame by now, or got
   * one meanwhile: `target` is then undefined. Throws a RangeError for a reference that cannot be one of this ring.
   */
  read(frame: RingFrame, target: Uint8Array): boolean;
  close(): void;
}

/**
 * Opens a ring by its id. The id may come from a network, so that it can only name a regular file of our own user in one
 * of the ring folders, of whole slots of the model's frame size; throws otherwise.
 */
export function openRingReader({
  ringId,
  frameBytes,
  folders = scratchFolders(),
}: RingReaderOptions): RingReader {
  if (!isRingId(ringId))
    throw refusal('an id of 1 to 64 of a-z, 0-9 and "-"', JSON.stringify(ringId.slice(0, 80)));
  const fd = openFirst(ringId, folders);
  const stride = slotStrideBytes(frameBytes);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw refusal('a regular file', 'something else');
    if (stats.uid !== process.getuid?.())
      throw refusal(`a file of user ${process.getuid?.() ?? '?'}`, `one of user ${stats.uid}`);
    if (stats.size === 0 || stats.size % stride !== 0)
      throw refusal(`slots of ${stride} bytes`, `${stats.size} bytes in all`);
    return createReader(fd, stats.size / stride, stride, frameBytes);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function refusal(expected: string, got: string): PipelineError {
  return new PipelineError('inference', `frame ring: expected ${expected}, got ${got}`);
}

function openFirst(ringId: string, folders: readonly string[]): number {
  for (const folder of folders) {
    try {
      // O_NONBLOCK: opening a planted FIFO must not wait for a writer.
      return openSync(join(folder, ringId), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT')
        throw refusal('a file that can be opened', code === 'ELOOP' ? 'a link' : String(code));
    }
  }
  throw refusal(`a file ${ringId} in ${folders.join(' or ')}`, 'none');
}

function createReader(fd: number, slots: number, stride: number, frameBytes: number): RingReader {
  const header = new Uint32Array(RING_HEADER_BYTES / 4);
  const headerBytes = new Uint8Array(header.buffer);

  function holds({ slot, generation, length }: RingFrame): boolean {
    return (
      readFully(fd, headerBytes, slot * stride) &&
      header[0] === RING_MAGIC &&
      header[1] === generation &&
      header[2] === length
    );
  }

  return {
    slots,
    read(frame, target) {
      const { slot, generation, length } = frame;
      if (!Number.isInteger(slot) || slot < 0 || slot >= slots) {
        throw new RangeError(`frame ring: expected a slot of 0 to ${slots - 1}, got ${slot}`);
      }
      if (length !== target.length || length > frameBytes) {
        throw new RangeError(`frame ring: expected ${target.length} bytes, got ${length}`);
      }
      if (generation === 0) throw new RangeError('frame ring: expected a generation above 0, got 0');
      return holds(frame) && readFully(fd, target, slot * stride + RING_HEADER_BYTES) && holds(frame);
    },
    close: () => closeSync(fd),
  };
}

/** False when the file ends first. */
function readFully(fd: number, target: Uint8Array, position: number): boolean {
  for (let done = 0; done < target.length;) {
    const count = readSync(fd, target, done, target.length - done, position + done);
    if (count === 0) return false;
    done += count;
  }
  return true;
}
