import type { Outcome } from '../../models/domain/observation';
import type { Ticket } from '../dispatch/credit-scheduler';
import type { ShmRing } from '../frames/shm-ring';
import type { FrameReference } from '../inference/protocol';

/** Frames that go to one inference process together; their pixels are in the pool's ring, or in another's. */
export interface Batch {
  readonly id: number;
  readonly frames: readonly { readonly ticket: Ticket; readonly reference: FrameReference }[];
}

/** Makes batches and ends them, so that each ring slot has one frame at a time. */
export interface BatchMaker {
  /** Copies frames that are in no ring yet into free slots; undefined when the ring took none. Needs as many free slots as tickets. */
  make(tickets: readonly Ticket[]): Batch | undefined;
  /** Settles each frame of the batch and frees its slot; to be called once a frame. */
  settle(batch: Batch, outcomeOf: (index: number) => Outcome): void;
  /** The batch without the frames whose deadline has passed, which settle as `expired`; undefined when none is left. */
  prune(batch: Batch, nowMs: number): Batch | undefined;
}

export interface BatchMakerOptions {
  readonly ring: ShmRing;
  /** A frame could not be written, and is `failed{inference}`. */
  readonly onRefused: (error: unknown) => void;
}

/** A batch maker over all slots of a ring. */
export function createBatchMaker({ ring, onRefused }: BatchMakerOptions): BatchMaker {
  const freeSlots = Array.from({ length: ring.slots }, (_, slot) => slot);
  let nextId = 0;

  function place(ticket: Ticket): Batch['frames'] {
    const { info, lease, minScore, inRing } = ticket.frame;
    const { width, height } = info.source;
    const source = { width, height, ...(minScore !== undefined && { minScore }) };
    if (inRing !== undefined) {
      const { ringId, slot, generation } = inRing;
      return [{ ticket, reference: { ring: ringId, slot, generation, length: ring.frameBytes, source } }];
    }
    const slot = freeSlots.pop();
    try {
      if (slot === undefined) throw new RangeError('frame ring: expected a free slot, got none');
      if (lease.pixels.length !== ring.frameBytes) {
        throw new RangeError(`frame: expected ${ring.frameBytes} bytes, got ${lease.pixels.length}`);
      }
      const reference = { ...ring.write(slot, lease.pixels), source };
      // The ring holds the pixels now: ingest can fill its buffer again while the detector works.
      ticket.releasePixels();
      return [{ ticket, reference }];
    } catch (error) {
      if (slot !== undefined) freeSlots.push(slot);
      ticket.settle({ kind: 'failed', code: 'inference' });
      onRefused(error);
      return [];
    }
  }

  function settle({ frames }: Batch, outcomeOf: (index: number) => Outcome): void {
    for (const [index, { ticket, reference }] of frames.entries()) {
      if (reference.ring === undefined) freeSlots.push(reference.slot);
      ticket.settle(outcomeOf(index));
    }
  }

  return {
    make(tickets) {
      const frames = tickets.flatMap(place);
      return frames.length > 0 ? { id: nextId++, frames } : undefined;
    },
    settle,
    prune(batch, nowMs) {
      const late = batch.frames.filter(({ ticket }) => ticket.isExpired(nowMs));
      if (late.length === 0) return batch;
      settle({ ...batch, frames: late }, () => ({ kind: 'expired' }));
      const frames = batch.frames.filter((frame) => !late.includes(frame));
      return frames.length > 0 ? { ...batch, frames } : undefined;
    },
  };
}
