import type { Keys } from '../../models/domain/keys';
import type { RedisClient } from '../../models/support/redis';
import type { PixelStore } from './pixel-store';

export interface RedisPixelsOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly producer: string;
}

/**
 * Pixels as values of Redis keys that expire. Whoever calls bounds how many are outstanding, and so the memory they take.
 * `put` rejects when Redis does not confirm the write.
 */
export function createRedisPixels({ client, keys, producer }: RedisPixelsOptions): PixelStore {
  let last = 0;
  return {
    async put(pixels, ttlMs) {
      const number = ++last;
      const { buffer, byteOffset, byteLength } = pixels;
      const value = Buffer.from(buffer, byteOffset, byteLength);
      await client.set(keys.frame(producer, number), value, 'PX', Math.ceil(ttlMs));
      return { store: 'redis', number };
    },
    discard(reference) {
      if (reference.store !== 'redis') return;
      // Lost with the connection: then the key expires.
      client.unlink(keys.frame(producer, reference.number)).catch(() => undefined);
    },
  };
}
