import { toError } from '../../models/domain/errors';
import { createShmRing } from '../frames/shm-ring';
import type { PixelStore } from './pixel-store';

export interface ShmPixelsOptions {
  readonly slots: number;
  readonly frameBytes: number;
  readonly budgetBytes: number;
}

/** Pixels in a frame ring, for workers on this host. */
export interface ShmPixels extends PixelStore {
  readonly bytes: number;
  /** Removes the ring. */
  close(): void;
}

/** A ring of one slot a frame. Throws a PipelineError `config` when there is no room for it. */
export function createShmPixels(options: ShmPixelsOptions): ShmPixels {
  const ring = createShmRing(options);
  const free = Array.from({ length: ring.slots }, (_, slot) => slot);
  return {
    bytes: ring.bytes,
    put(pixels) {
      const slot = free.pop();
      if (slot === undefined) return Promise.resolve(undefined);
      try {
        const { generation } = ring.write(slot, pixels);
        return Promise.resolve({ store: 'shm', ring: ring.id, slot, generation });
      } catch (error) {
        free.push(slot);
        return Promise.reject(toError(error));
      }
    },
    discard(reference) {
      if (reference.store === 'shm' && reference.ring === ring.id) free.push(reference.slot);
    },
    close: () => ring.close(),
  };
}
