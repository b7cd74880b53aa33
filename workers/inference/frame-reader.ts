import { systemClock } from '../../models/domain/clock';
import { createRingCache } from '../frames/ring-cache';
import { openRingReader } from '../frames/ring-reader';
import type { FrameReference } from './protocol';

/** What reading a frame came to. */
export type ReadResult = 'read' | 'overwritten' | 'unreachable';

/** Reads frames out of the pool's ring and out of those of other processes of this host. */
export interface FrameReader {
  /** Copies a frame into `target`, which is undefined unless it was `read`. Throws for a reference that its own pool cannot have made. */
  read(frame: FrameReference, target: Uint8Array): ReadResult;
}

const SWEEP_MS = 10_000;

/** Opens the pool's ring, and others when a frame is in one. Throws when the pool's ring cannot be opened. */
export function createFrameReader(ring: { readonly id: string; readonly frameBytes: number }): FrameReader {
  const { frameBytes } = ring;
  const own = openRingReader({ ringId: ring.id, frameBytes });
  const others = createRingCache({ frameBytes, clock: systemClock });
  setInterval(() => others.sweep(), SWEEP_MS).unref();

  function readOther(ringId: string, frame: FrameReference, target: Uint8Array): ReadResult {
    try {
      const reader = others.get(ringId);
      if (reader === undefined) return 'unreachable';
      return reader.read(frame, target) ? 'read' : 'overwritten';
    } catch {
      // A slot that this ring does not have, or a file that cannot be read: no frame will come of it.
      return 'unreachable';
    }
  }

  return {
    read(frame, target) {
      if (frame.ring !== undefined) return readOther(frame.ring, frame, target);
      return own.read(frame, target) ? 'read' : 'overwritten';
    },
  };
}
