import type { RedisClient } from '../../models/support/redis';
import { retryDelayMs } from '../../models/support/redis';
import { pause } from './shard';

export interface AcksOptions {
  readonly client: RedisClient;
  readonly key: string;
  readonly group: string;
  /** Aborted when nothing is tried again any more. */
  readonly closing: AbortSignal;
  readonly onAcknowledged: (count: number) => void;
}

/** Acknowledges entries of one stream, many in one command. */
export interface Acks {
  /** Resolves when Redis knows; rejects with an Error when it was closed before. */
  add(entryId: string): Promise<void>;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
}

interface Waiting {
  readonly entryId: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const MAX_BATCH = 1000;

/** Everything that comes while a command is under way goes into the next; outages are waited for. */
export function createAcks({ client, key, group, closing, onAcknowledged }: AcksOptions): Acks {
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;

  async function send(batch: readonly Waiting[]): Promise<void> {
    const ids = batch.map(({ entryId }) => entryId);
    for (let attempt = 1; ; attempt++) {
      try {
        await client.xack(key, group, ...ids);
        onAcknowledged(batch.length);
        for (const { resolve } of batch) resolve();
        return;
      } catch (error) {
        // A group that is gone has nothing to acknowledge.
        if (error instanceof Error && error.message.startsWith('NOGROUP')) {
          for (const { resolve } of batch) resolve();
          return;
        }
        if (closing.aborted) {
          const closed = new Error(
            `${key}: expected the entry to be acknowledged, got a closed subscription`,
          );
          for (const { reject } of batch) reject(closed);
          return;
        }
        await pause(retryDelayMs(attempt), closing);
      }
    }
  }

  async function run(): Promise<void> {
    // What is acknowledged in the same turn goes together.
    await new Promise(setImmediate);
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MAX_BATCH);
      waiting = waiting.slice(MAX_BATCH);
      await send(batch);
    }
    running = undefined;
  }

  return {
    add(entryId) {
      const done = new Promise<void>((resolve, reject) => waiting.push({ entryId, resolve, reject }));
      // Who does not wait for it is not to be killed by it.
      done.catch(() => undefined);
      running ??= run();
      return done;
    },
    async settled() {
      while (running !== undefined) await running;
    },
  };
}
