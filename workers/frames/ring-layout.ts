/**
 * Layout of a frame ring: one file of equal slots, each a header of four uint32 (magic, generation, length, 0) and the
 * pixels. Native byte order: writer and reader share a machine.
 *
 * The writer clears the generation, writes the pixels, then sets length and generation; the reader compares the header
 * before and after it copied the pixels. Generation 0 means "being written".
 */
export const RING_MAGIC = 0x534c5231;

/** Bytes of a slot's header. */
export const RING_HEADER_BYTES = 16;

/** Slots begin on cache lines. */
const SLOT_ALIGNMENT_BYTES = 64;

const RING_ID = /^[a-z0-9-]{1,64}$/;

/** Bytes from one slot to the next for frames of the given size. */
export function slotStrideBytes(frameBytes: number): number {
  return Math.ceil((RING_HEADER_BYTES + frameBytes) / SLOT_ALIGNMENT_BYTES) * SLOT_ALIGNMENT_BYTES;
}

/** True when `id` may name a ring: no path can be made of it. */
export function isRingId(id: string): boolean {
  return RING_ID.test(id);
}

/** Where a frame lies in a ring; a reference to a slot written again since is recognised by its generation. */
export interface RingFrame {
  readonly slot: number;
  readonly generation: number;
  /** Bytes of pixels. */
  readonly length: number;
}
