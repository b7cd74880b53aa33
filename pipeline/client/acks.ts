import type { RedisClient } from '../../models/support/redis';
import { retryDelayMs } from '../../models/support/redis';
import { rejectScript } from './scripts';
import { pause } from './shard';

export interface AcksOptions {
  readonly client: RedisClient;
  readonly key: string;
  /** Stream of dead letters. */
  readonly deadKey: string;
  readonly group: string;
  readonly consumer: string;
  /** Aborted when nothing is tried again any more. */
  readonly closing: AbortSignal;
  readonly onAcknowledged: (count: number) => void;
  readonly onRejected: () => void;
}

/** Acknowledges and rejects entries of one stream, acknowledges many in one command. */
export interface Acks {
  /** Resolves when Redis knows; rejects with an Error when it was closed before. */
  add(entryId: string): Promise<void>;
  /** Makes a dead letter of the entry; resolves and rejects as `add`. */
  reject(entryId: string, deliveries: number, reason: string): Promise<void>;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
}

interface Waiting {
  readonly entryId: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const MAX_BATCH = 1000;
/** Dead letters kept of a group, about. */
export const DEAD_MAX_LEN = 10_000;

/** Everything that comes while a command is under way goes into the next; outages are waited for. */
export function createAcks(options: AcksOptions): Acks {
  const { client, key, deadKey, group, consumer, closing, onAcknowledged, onRejected } = options;
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;
  const rejecting = new Set<Promise<void>>();

  /** Runs a command until Redis has done it; false when there is no group any more, and so nothing to do. */
  async function untilDone(command: () => Promise<unknown>): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      try {
        await command();
        return true;
      } catch (error) {
        if (error instanceof Error && /NOGROUP/.test(error.message)) return false;
        if (closing.aborted)
          throw new Error(`${key}: expected the entry to be acknowledged, got a closed subscription`, {
            cause: error,
          });
        await pause(retryDelayMs(attempt), closing);
      }
    }
  }

  async function send(batch: readonly Waiting[]): Promise<void> {
    const ids = batch.map(({ entryId }) => entryId);
    try {
      if (await untilDone(() => client.xack(key, group, ...ids))) onAcknowledged(batch.length);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error as Error);
    }
  }

  async function bury(entryId: string, deliveries: number, reason: string): Promise<void> {
    const args = [group, consumer, entryId, deliveries, reason, DEAD_MAX_LEN];
    if (await untilDone(() => rejectScript.run(client, [key, deadKey], args))) onRejected();
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
    reject(entryId, deliveries, reason) {
      const done = bury(entryId, deliveries, reason).finally(() => rejecting.delete(done));
      rejecting.add(done);
      done.catch(() => undefined);
      return done;
    },
    async settled() {
      while (running !== undefined) await running;
      await Promise.allSettled(rejecting);
    },
  };
}
