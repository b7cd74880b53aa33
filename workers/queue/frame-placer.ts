import type { Clock } from '../../models/domain/clock';
import { PipelineError } from '../../models/domain/errors';
import type { Keys } from '../../models/domain/keys';
import type { RedisClient } from '../../models/support/redis';
import { sweepScratch } from '../../models/support/scratch';
import type { PixelReference } from '../wire/job';
import type { OutstandingFrame } from './outstanding';
import { createRedisPixels } from './redis-pixels';
import { createShmPixels } from './shm-pixels';
import type { ShmPixels } from './shm-pixels';

export interface FramePlacerOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly producer: string;
  readonly frameBytes: number;
  /** Most bytes of the ring; what is in Redis is bounded by the frames outstanding. */
  readonly budgetBytes: number;
  readonly usesRing: boolean;
  readonly clock: Clock;
}

/** Puts pixels where workers find them. */
export interface FramePlacer {
  /** Sets the frame's `pixels`. Rejects when Redis does not take them. */
  place(frame: OutstandingFrame, isFleetLocal: boolean): Promise<void>;
  discard(pixels: PixelReference): void;
  /** Takes the ring no more for a while; false when it was not in use. */
  giveUpRing(): boolean;
  stats(): { readonly redisFrames: number; readonly shmFrames: number; readonly ringBytes: number };
  close(): void;
}

/** Frames of a ring at most: more are not outstanding on one host. */
const MAX_RING_SLOTS = 128;

/** A worker that could not open the ring stays so, or was replaced: it is tried again now and then. */
const RING_RETRY_MS = 60_000;

/** Recorded pixels stay for so long; a job that waits longer finds them missing, and they are sent again. */
const RECORDED_TTL_MS = 60_000;

/** Live pixels outlive their deadline by this, for a worker that began in time. */
const LIVE_EXTRA_MS = 2000;

/** Pixels go through the ring while every worker is on this host and it has room, else through Redis. */
export function createFramePlacer(options: FramePlacerOptions): FramePlacer {
  const { client, keys, producer, frameBytes, budgetBytes, usesRing, clock } = options;
  const redis = createRedisPixels({ client, keys, producer });
  const counts = { redisFrames: 0, shmFrames: 0 };
  let ring: ShmPixels | undefined;
  let ringFromMs = usesRing ? -Infinity : Infinity;

  function ringNow(): ShmPixels | undefined {
    if (clock.monotonicMs() < ringFromMs) return undefined;
    if (ring === undefined) {
      const slots = Math.min(MAX_RING_SLOTS, Math.floor(budgetBytes / (frameBytes + 64)));
      try {
        if (slots < 1) throw new PipelineError('config', 'frame ring: expected room for a frame, got none');
        sweepScratch();
        ring = createShmPixels({ slots, frameBytes, budgetBytes });
      } catch {
        // No room in any folder: Redis does it.
        ringFromMs = Infinity;
      }
    }
    return ring;
  }

  async function putInRing(pixels: Uint8Array, ttlMs: number): Promise<PixelReference | undefined> {
    try {
      return await ringNow()?.put(pixels, ttlMs);
    } catch {
      // A file that can be written no more, as on a full disk: Redis does it.
      ringFromMs = Infinity;
      return undefined;
    }
  }

  return {
    async place(frame, isFleetLocal) {
      const { lease } = frame.ticket.frame;
      const { deadlineMs } = frame.ticket;
      const ttlMs =
        deadlineMs === undefined ? RECORDED_TTL_MS : Math.max(1, deadlineMs - clock.nowMs()) + LIVE_EXTRA_MS;
      const { attempt } = frame;
      const place = (pixels: PixelReference) => {
        // Settled meanwhile, as by its deadline: nobody else would free them.
        if (frame.isSettled || frame.attempt !== attempt) discard(pixels);
        else frame.pixels = pixels;
      };
      const inRing = isFleetLocal ? await putInRing(lease.pixels, ttlMs) : undefined;
      if (inRing !== undefined) {
        counts.shmFrames++;
        place(inRing);
        return;
      }
      place((await redis.put(lease.pixels, ttlMs))!);
      counts.redisFrames++;
    },
    discard,
    giveUpRing() {
      const wasInUse = ring !== undefined && clock.monotonicMs() >= ringFromMs;
      if (usesRing && ringFromMs !== Infinity) ringFromMs = clock.monotonicMs() + RING_RETRY_MS;
      return wasInUse;
    },
    stats: () => ({ ...counts, ringBytes: ring?.bytes ?? 0 }),
    close: () => ring?.close(),
  };

  function discard(pixels: PixelReference): void {
    if (pixels.store === 'shm') ring?.discard(pixels);
    else redis.discard(pixels);
  }
}
