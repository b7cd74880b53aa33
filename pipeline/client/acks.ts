import type { PipelineError } from '../../models/domain/errors';
import type { RedisClient } from '../../models/support/redis';
import { retryDelayMs } from '../../models/support/redis';
import { rejectScript } from './scripts';
import { pause, refusalIn } from './shard';

export interface AcksOptions {
  readonly client: RedisClient;
  readonly key: string;
  /** Stream of dead letters. */
  readonly deadKey: string;
  readonly group: string;
  readonly consumer: string;
  /** For messages. */
  readonly name: string;
  /** Aborted when nothing is tried again any more. */
  readonly closing: AbortSignal;
  readonly onAcknowledged: (count: number) => void;
  readonly onRejected: () => void;
  /** Redis refuses them for good. */
  readonly onRefused: (error: PipelineError) => void;
}

/** Acknowledges entries of one stream, many in one command, and makes dead letters of others. */
export interface Acks {
  /** Resolves when Redis knows; rejects with an Error when it was closed before, or Redis refuses. */
  add(entryId: string): Promise<void>;
  /** Makes a dead letter of the entry; settles as `add`. */
  reject(entryId: string, deliveries: number, reason: string): Promise<void>;
  /** Ids of which Redis may not know yet. */
  underWay(): Iterable<string>;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
}

/** Entries that are acknowledged together, and the one promise of all who wait for it. */
interface Batch {
  readonly ids: string[];
  readonly done: Promise<void>;
  readonly settle: (error?: Error) => void;
}

const MAX_BATCH = 1000;
/** Dead letters kept of a group, about. */
export const DEAD_MAX_LEN = 10_000;

/** Everything that comes while a command is under way goes into the next; outages are waited for. */
export function createAcks(options: AcksOptions): Acks {
  const { client, key, deadKey, group, consumer, name, closing } = options;
  const { onAcknowledged, onRejected, onRefused } = options;
  const batches: Batch[] = [];
  const rejecting = new Map<string, Promise<void>>();
  let running: Promise<void> | undefined;

  /** Runs a command until Redis has done it; false when there is no group any more, and so nothing to do. */
  async function untilDone(command: () => Promise<unknown>): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      try {
        await command();
        return true;
      } catch (error) {
        if (error instanceof Error && /NOGROUP/.test(error.message)) return false;
        const refusal = refusalIn(error, name);
        if (refusal !== undefined) {
          onRefused(refusal);
          throw refusal;
        }
        if (closing.aborted)
          throw new Error(`${key}: expected the entry to be acknowledged, got a closed subscription`, {
            cause: error,
          });
        await pause(retryDelayMs(attempt), closing);
      }
    }
  }

  async function run(): Promise<void> {
    // What is acknowledged in the same turn goes together.
    await new Promise(setImmediate);
    for (let batch = batches[0]; batch !== undefined; batch = batches[0]) {
      const { ids, settle } = batch;
      // What comes while it is under way belongs to the next.
      const count = ids.length;
      if (batches.length === 1) batches.push(createBatch());
      try {
        if (await untilDone(() => client.xack(key, group, ...ids))) onAcknowledged(count);
        settle();
      } catch (error) {
        settle(error as Error);
      }
      batches.shift();
      if (batches[0]?.ids.length === 0) batches.shift();
    }
    running = undefined;
  }

  async function bury(entryId: string, deliveries: number, reason: string): Promise<void> {
    const args = [group, consumer, entryId, deliveries, reason, DEAD_MAX_LEN];
    if (await untilDone(() => rejectScript.run(client, [key, deadKey], args))) onRejected();
  }

  return {
    add(entryId) {
      let batch = batches.at(-1);
      if (batch === undefined || batch.ids.length >= MAX_BATCH) batches.push((batch = createBatch()));
      batch.ids.push(entryId);
      running ??= run();
      return batch.done;
    },
    reject(entryId, deliveries, reason) {
      const done = bury(entryId, deliveries, reason).finally(() => rejecting.delete(entryId));
      rejecting.set(entryId, done);
      // Who does not wait for it is not to be killed by it.
      done.catch(() => undefined);
      return done;
    },
    *underWay() {
      for (const { ids } of batches) yield* ids;
      yield* rejecting.keys();
    },
    async settled() {
      while (running !== undefined) await running;
      await Promise.allSettled(rejecting.values());
    },
  };
}

function createBatch(): Batch {
  let settle: Batch['settle'];
  const done = new Promise<void>((resolve, reject) => {
    settle = (error) => (error === undefined ? resolve() : reject(error));
  });
  done.catch(() => undefined);
  return { ids: [], done, settle: settle! };
}
