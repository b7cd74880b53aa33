import type { Keys } from '../../models/domain/keys';
import type { RedisClient } from '../../models/support/redis';
import type { JobFrame } from '../wire/job';
import type { ReplyKind } from '../wire/reply';
import { pixelsInRing, pixelsOf } from './pixels';
import type { Pixels } from './pixels';
import { REDIS_RETRY_MS, retryFor } from './retry-for';

export interface PixelFetcherOptions {
  /** Fails fast while Redis is away. */
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly frameBytes: number;
}

/** A frame's pixels, or why there are none. */
export type FetchedPixels = Pixels | { readonly kind: Extract<ReplyKind, 'missing'> };

/** Brings pixels here from where a producer put them, or finds out where they are. */
export interface PixelFetcher {
  /** The pixels of each frame, in order; never rejects. Those in Redis can be had once. */
  fetch(producer: string, frames: readonly JobFrame[]): Promise<readonly FetchedPixels[]>;
  stats(): { readonly redisFrames: number; readonly shmFrames: number };
}

const MISSING: FetchedPixels = { kind: 'missing' };

/** Reads from Redis, all frames of a job at once; what is in a ring of this host is left to the inference processes. */
export function createPixelFetcher({ client, keys, frameBytes }: PixelFetcherOptions): PixelFetcher {
  const counts = { redisFrames: 0, shmFrames: 0 };

  async function takeFromRedis(producer: string, numbers: readonly number[]): Promise<FetchedPixels[]> {
    const pipeline = client.pipeline();
    for (const number of numbers) {
      const key = keys.frame(producer, number);
      // No more than one byte too many: what is stored there may be anything.
      pipeline.getrangeBuffer(key, 0, frameBytes).unlink(key);
    }
    const results = (await pipeline.exec()) ?? [];
    return numbers.map((_number, index) => {
      const [error, pixels] = results[index * 2] ?? [new Error('expected an answer, got none')];
      if (error !== null) throw error;
      if (!Buffer.isBuffer(pixels) || pixels.length !== frameBytes) return MISSING;
      counts.redisFrames++;
      return pixelsOf(pixels);
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
      return frames.map(({ pixels }) => {
        if (pixels.store === 'redis') return fromRedis[next++] ?? MISSING;
        counts.shmFrames++;
        const { ring, slot, generation } = pixels;
        return pixelsInRing({ ringId: ring, slot, generation });
      });
    },
    stats: () => ({ ...counts }),
  };
}
