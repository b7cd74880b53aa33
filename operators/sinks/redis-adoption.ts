import { PipelineError } from '../../models/domain/errors';
import { within } from '../support/within';
import { BATCH_LIMITS } from './redis-backlog';
import type { Sender } from './redis-sender';
import { adoptSpools, reasonOf } from './spool';
import type { Spool, SpoolPlace } from './spool';

export interface AdoptionOptions {
  readonly place: SpoolPlace;
  /** A sender of a shard for batches of the writer, which is a new one unless it is named. */
  readonly createSender: (
    shard: number,
    writer?: string,
  ) => { readonly sender: Sender; readonly writer: string };
  /** So many events of another process are in Redis now, and so many could not be read. */
  readonly onAdopted: (path: string, count: number, damaged: number) => void;
  /** A spool of another process that stays where it is; told once. */
  readonly onLeft: (path: string, reason: string) => void;
}

/**
 * Sends what processes that are gone left on disk, each spool in order. Resolves with false when a batch was not confirmed
 * within `timeoutMs`; what remains stays. Rejects with a PipelineError `sink` when Redis refuses it.
 */
export type Adoption = (timeoutMs: number) => Promise<boolean>;

/** Several calls at once are one. */
export function createAdoption({ place, createSender, onAdopted, onLeft }: AdoptionOptions): Adoption {
  const told = new Set<string>();
  let running: Promise<boolean> | undefined;

  async function adoptAll(timeoutMs: number): Promise<boolean> {
    // What is there is there: it counts against nobody's bound.
    const budget = { maxBytes: Infinity, usedBytes: 0 };
    const spools = adoptSpools(place, budget, ({ path, reason }) => {
      if (told.has(path)) return;
      told.add(path);
      onLeft(path, reason);
    });
    for await (const spool of spools) {
      if (!(await replay(spool, timeoutMs))) return false;
    }
    return true;
  }

  /** False when Redis did not take all of it; then it stays. */
  async function replay(spool: Spool, timeoutMs: number): Promise<boolean> {
    let count = 0;
    let damaged = 0;
    let isOver = false;
    let fault: unknown;
    const { repeat } = spool;
    const { sender, writer } = createSender(spool.shard);
    const repeating = repeat && createSender(spool.shard, repeat.writer).sender;
    const isSent = async (by: Sender, batch: number, entries: Parameters<Sender['send']>[1]) =>
      (await within(by.send(batch, entries), timeoutMs)) === true;
    try {
      if (repeat !== undefined && repeating !== undefined) {
        // As a whole, as the process that is gone had it: Redis may have it already.
        const chunk = await spool.read({ maxEntries: Infinity, maxLength: Infinity }, repeat.to);
        const entries = chunk?.records.map(({ entry }) => entry) ?? [];
        const isKnown = entries.length === 0 || (await isSent(repeating, repeat.batch, entries));
        if (!isKnown) return false;
        if (chunk !== undefined) await spool.confirm(chunk.to, entries.length);
        count += entries.length;
        damaged += chunk?.damaged ?? 0;
      }
      for (;;) {
        const chunk = await spool.read(BATCH_LIMITS);
        if (chunk === undefined) break;
        const entries = chunk.records.map(({ entry }) => entry);
        if (entries.length > 0) {
          const batch = sender.nextBatch();
          // On a disk that is full there is none: then whoever goes on after a kill repeats some events.
          await spool.mark({ writer, batch, from: chunk.from, to: chunk.to }).catch(() => undefined);
          if (!(await isSent(sender, batch, entries))) return false;
        }
        await spool.confirm(chunk.to, entries.length);
        count += entries.length;
        damaged += chunk.damaged;
      }
      isOver = true;
      await spool.remove();
      await Promise.all([sender.forget(), repeating?.forget()]);
      onAdopted(spool.path, count, damaged);
      return true;
    } catch (error) {
      if (error instanceof PipelineError) throw error;
      fault = error;
      return true;
    } finally {
      sender.stop();
      repeating?.stop();
      if (!isOver) {
        const path = await spool.leave().catch((error: unknown) => {
          fault ??= error;
          return spool.path;
        });
        if (fault !== undefined) onLeft(path, reasonOf(fault));
      }
    }
  }

  return (timeoutMs) => {
    running ??= adoptAll(timeoutMs).finally(() => (running = undefined));
    return running;
  };
}
