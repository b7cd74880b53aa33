import type { FrameLease } from '../../models/domain/frame';
import type { Keys } from '../../models/domain/keys';
import type { RedisClient } from '../../models/support/redis';
import type { JobFrame, PixelReference } from '../wire/job';
import type { ReplyKind } from '../wire/reply';
import { createPixelBuffers, leaseOf } from './pixel-buffers';
import { REDIS_RETRY_MS, retryFor } from './retry-for';
import type { RingCache } from './ring-cache';

export interface PixelFetcherOptions {
  /** Fails fast while Redis is away. */
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly rings: RingCache;
  readonly frameBytes: number;
  /** Buffers to keep for frames to come. */
  readonly maxFreeBuffers: number;
}

/** A frame's pixels, or why there are none. */
export type FetchedPixels =
  | { readonly lease: FrameLease }
  | { readonly kind: Extract<ReplyKind, 'missing' | 'overwritten' | 'unreachable'> };

/** Brings pixels here from where a producer put them. */
export interface PixelFetcher {
  /** The pixels of each frame, in order; never rejects. Each can be had once. */
  fetch(producer: string, frames: readonly JobFrame[]): Promise<readonly FetchedPixels[]>;
  stats(): { readonly redisFrames: number; readonly shmFrames: number };
}

type ShmReference = Extract<PixelReference, { store: 'shm' }>;

const MISSING: FetchedPixels = { kind: 'missing' };

/** Reads from Redis, all frames of a job at once, and from the frame rings of this host. */
export function createPixelFetcher(options: PixelFetcherOptions): PixelFetcher {
  const { client, keys, rings, frameBytes, maxFreeBuffers } = options;
  const buffers = createPixelBuffers(frameBytes, maxFreeBuffers);
  const counts = { redisFrames: 0, shmFrames: 0 };

  function fromRing({ ring, slot, generation }: ShmReference): FetchedPixels {
    const reader = rings.get(ring);
    if (reader === undefined) return { kind: 'unreachable' };
    const lease = buffers.take();
    try {
      if (reader.read({ slot, generation, length: frameBytes }, lease.pixels)) {
        counts.shmFrames++;
        return { lease };
      }
      lease.release();
      return { kind: 'overwritten' };
    } catch {
      // A slot that this ring does not have, or a file that cannot be read: no frame will come of it.
      lease.release();
      return { kind: 'unreachable' };
    }
  }

  async function takeFromRedis(producer: string, numbers: readonly number[]): Promise<FetchedPixels[]> {
    const pipeline = client.pipeline();
    for (const number of numbers) pipeline.getdelBuffer(keys.frame(producer, number));
    const results = (await pipeline.exec()) ?? [];
    return numbers.map((_number, index) => {
      const [error, pixels] = results[index] ?? [new Error('expected an answer, got none')];
      if (error !== null) throw error;
      if (!Buffer.isBuffer(pixels) || pixels.length !== frameBytes) return MISSING;
      counts.redisFrames++;
      return { lease: leaseOf(pixels) };
    });
  }

  return {
    async fetch(producer, frames) {
      const numbers = frames.flatMap(({ pixels }) => (pixels.store === 'redis' ? [pixels.number] : []));
      // Pixels taken by an attempt whose answer was lost are gone: the next attempt finds them missing.
      const fromRedis =
        numbers.length === 0
          ? []
          : await retryFor(REDIS_RETRY_MS, () => takeFromRedis(producer, numbers)).catch(() =>
              numbers.map(() => MISSING),
            );
      let next = 0;
      return frames.map(({ pixels }) =>
        pixels.store === 'shm' ? fromRing(pixels) : (fromRedis[next++] ?? MISSING),
      );
    },
    stats: () => ({ ...counts }),
  };
}
