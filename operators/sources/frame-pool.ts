import type { FrameLease } from '../../models/domain/frame';

/** A fixed number of equal buffers, lent out and given back. */
export interface FramePool {
  /** A buffer with one hold on it, or undefined while all are lent. */
  acquire(): FrameLease | undefined;
  readonly byteLength: number;
  readonly lentCount: number;
}

export interface FramePoolOptions {
  readonly count: number;
  readonly byteLength: number;
  /** A buffer came back. */
  readonly onFree?: () => void;
}

/** Allocates each buffer when it is first needed, at most `count` of them, and never frees one. */
export function createFramePool({ count, byteLength, onFree }: FramePoolOptions): FramePool {
  if (!(count >= 1)) throw new RangeError(`frame pool: expected a count of 1 or more, got ${count}`);
  const free: Uint8Array[] = [];
  let allocated = 0;
  let lent = 0;

  function lease(pixels: Uint8Array): FrameLease {
    let holds = 1;
    lent++;
    return {
      pixels,
      retain() {
        if (holds === 0) throw new Error('frame lease: expected a held frame, got one released before');
        holds++;
      },
      release() {
        if (holds === 0) throw new Error('frame lease: expected a held frame, got one released before');
        if (--holds > 0) return;
        lent--;
        free.push(pixels);
        onFree?.();
      },
    };
  }

  return {
    byteLength,
    get lentCount() {
      return lent;
    },
    acquire() {
      const pixels = free.pop();
      if (pixels !== undefined) return lease(pixels);
      if (allocated === count) return undefined;
      allocated++;
      return lease(new Uint8Array(byteLength));
    },
  };
}
