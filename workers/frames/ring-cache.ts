import type { Clock } from '../../models/domain/clock';
import { openRingReader } from './ring-reader';
import type { RingReader } from './ring-reader';

export interface RingCacheOptions {
  readonly frameBytes: number;
  readonly clock: Clock;
  /** Folders to look in; by default those where rings are made. */
  readonly folders?: readonly string[];
}

/** The frame rings of other processes on this host, kept open while in use. */
export interface RingCache {
  /** The ring, or undefined when this process cannot open it. */
  get(ringId: string): RingReader | undefined;
  /** Closes rings that were not used lately: an open one keeps the memory of a producer that is gone. */
  sweep(): void;
  close(): void;
}

/** More producers than that on one host take turns. */
const MAX_RINGS = 32;
const IDLE_MS = 30_000;

/** A ring that could not be opened is not tried again for so long. */
const UNREACHABLE_MS = 2000;
const MAX_UNREACHABLE = 256;

/** An empty cache. */
export function createRingCache({ frameBytes, clock, folders }: RingCacheOptions): RingCache {
  // Maps are walked in insertion order: what was used longest ago comes first.
  const rings = new Map<string, { readonly reader: RingReader; usedMs: number }>();
  const unreachable = new Map<string, number>();

  function drop(ringId: string): void {
    rings.get(ringId)?.reader.close();
    rings.delete(ringId);
  }

  function dropFirst(map: ReadonlyMap<string, unknown>, remove: (key: string) => void): void {
    for (const key of map.keys()) {
      remove(key);
      return;
    }
  }

  function open(ringId: string, nowMs: number): RingReader | undefined {
    if (nowMs < (unreachable.get(ringId) ?? -Infinity)) return undefined;
    unreachable.delete(ringId);
    try {
      return openRingReader({ ringId, frameBytes, ...(folders !== undefined && { folders }) });
    } catch {
      // Another host's, another user's, another model's, or nobody's: to who sent the frame it is all the same.
      if (unreachable.size >= MAX_UNREACHABLE) dropFirst(unreachable, (key) => unreachable.delete(key));
      unreachable.set(ringId, nowMs + UNREACHABLE_MS);
      return undefined;
    }
  }

  return {
    get(ringId) {
      const nowMs = clock.monotonicMs();
      const known = rings.get(ringId);
      const reader = known?.reader ?? open(ringId, nowMs);
      if (reader === undefined) return undefined;
      rings.delete(ringId);
      if (rings.size >= MAX_RINGS) dropFirst(rings, drop);
      rings.set(ringId, { reader, usedMs: nowMs });
      return reader;
    },
    sweep() {
      const nowMs = clock.monotonicMs();
      for (const [ringId, { usedMs }] of rings) if (nowMs - usedMs >= IDLE_MS) drop(ringId);
      for (const [ringId, untilMs] of unreachable) if (nowMs >= untilMs) unreachable.delete(ringId);
    },
    close() {
      for (const ringId of [...rings.keys()]) drop(ringId);
    },
  };
}
