import type { PixelReference } from '../wire/job';

/** Where a frame's pixels lie until a worker has read them. */
export interface PixelStore {
  /** Stores the pixels for `ttlMs` at least and resolves when a worker can read them; undefined when there is no room. */
  put(pixels: Uint8Array, ttlMs: number): Promise<PixelReference | undefined>;
  /** Frees what `put` took; may be called for pixels that were read or have expired. */
  discard(reference: PixelReference): void;
}
