import { createHash } from 'node:crypto';
import type { Observable } from 'rxjs';
import type { FrameLease } from '../../models/domain/frame';

/** Something with pixels, of one of two pools. */
export interface Holdable {
  readonly rendition: 'detect' | 'view';
  readonly lease: FrameLease;
}

export interface SlowConsumption<T> {
  /** Everything that came, in order. */
  readonly items: readonly T[];
  /** Most leases of each rendition that were held at once. */
  readonly mostHeld: { readonly detect: number; readonly view: number };
  /** MD5 of each lease's pixels when it came, in order. */
  readonly digests: readonly string[];
}

const md5 = (pixels: Uint8Array) => createHash('md5').update(pixels).digest('hex');

/**
 * Consumes a source as slowly as it can without stopping it: holds every lease until `limits` of a rendition are held, and
 * then gives back the oldest in a later turn of the event loop. Rejects when pixels changed while their lease was held.
 */
export function consumeSlowly<T>(
  source: Observable<T>,
  toHoldable: (item: T) => Holdable | undefined,
  limits: { readonly detect: number; readonly view: number },
): Promise<SlowConsumption<T>> {
  const items: T[] = [];
  const digests: string[] = [];
  const held: (Holdable & { readonly digest: string })[] = [];
  const mostHeld = { detect: 0, view: 0 };
  const countOf = (rendition: Holdable['rendition']) =>
    held.filter((each) => each.rendition === rendition).length;

  return new Promise((resolve, reject) => {
    function releaseOldest(): void {
      const oldest = held.shift();
      if (oldest === undefined) return;
      if (md5(oldest.lease.pixels) !== oldest.digest) {
        reject(new Error('slow consumer: expected the pixels of a held lease to stay, they changed'));
      }
      oldest.lease.release();
    }

    function whileFull(): void {
      if (countOf('detect') < limits.detect && countOf('view') < limits.view) return;
      releaseOldest();
      setImmediate(whileFull);
    }

    source.subscribe({
      next(item) {
        items.push(item);
        const holdable = toHoldable(item);
        if (holdable === undefined) return;
        const { rendition, lease } = holdable;
        const digest = md5(lease.pixels);
        digests.push(digest);
        held.push({ rendition, lease, digest });
        mostHeld[rendition] = Math.max(mostHeld[rendition], countOf(rendition));
        setImmediate(whileFull);
      },
      error: reject,
      complete() {
        while (held.length > 0) releaseOldest();
        resolve({ items, mostHeld, digests });
      },
    });
  });
}
