import { PipelineError, toPipelineError } from '../../models/domain/errors';
import { pause } from '../support/within';
import type { SpoolStats } from '../../models/domain/event-sink';
import type { Entry } from './append-script';
import type { Sender } from './redis-sender';
import { reasonOf } from './spool';
import type { Spool } from './spool';
import type { SpoolChunk, SpoolRange } from './spool-files';

/** A batch on its way to Redis. */
export interface SendingBatch {
  readonly batch: number;
  readonly count: number;
  /** As `Sender.send`. */
  readonly done: Promise<boolean>;
}

/** What is told of a backlog, for people. */
export interface BacklogNotices {
  /** Redis takes no events: they wait on disk from now on. */
  readonly kept: (path: string) => void;
  /** So many events that waited there are in Redis, and so many could not be read any more. */
  readonly replayed: (count: number, damaged: number) => void;
  /** There is no room left: events wait in memory, and then their writers do. */
  readonly full: (path: string) => void;
  /** The disk does not take events, or does not give them back. */
  readonly failed: (reason: string) => void;
  /** The sink closes: so many events stay there for the next one. */
  readonly left: (count: number, path: string) => void;
}

export interface BacklogOptions {
  readonly sender: Sender;
  /** Of the sender's batches. */
  readonly writer: string;
  /** Makes an empty spool; rejects with the error of the disk. */
  readonly create: () => Promise<Spool>;
  readonly notices: BacklogNotices;
  /** So many of the events kept are settled: in Redis, or damaged. */
  readonly onSettled: (count: number) => void;
  /** Redis refuses events for good, as a PipelineError `sink`. */
  readonly onRefused: (error: PipelineError) => void;
}

/** Events that wait on disk until Redis takes them, in order and before all that come later. */
export interface Backlog {
  /** While it is, events may go to Redis directly. */
  isEmpty(): boolean;
  /**
   * Takes entries over; `sending` when they are on their way already, and the backlog is empty. Resolves with false when there
   * is no room or the disk fails. Never rejects. One call at a time.
   */
  keep(entries: readonly Entry[], sending: SendingBatch | undefined): Promise<boolean>;
  stats(): SpoolStats;
  /**
   * Waits until the backlog is empty, or that time of the monotonic clock; what remains stays on disk. Rejects with a
   * PipelineError `sink` when somebody removed it there.
   */
  close(untilMs: number): Promise<void>;
}

/** As the sink's own batches. */
export const BATCH_LIMITS = { maxEntries: 500, maxLength: 1024 * 1024 };
const READ_AGAIN_MS = 1000;

/** A backlog without anything in it, and without a trace on the disk. */
export function createBacklog(options: BacklogOptions): Backlog {
  const { sender, writer, create, notices, onSettled, onRefused } = options;
  const stopped = new AbortController();
  let spool: Spool | undefined;
  let keeping: Promise<boolean> | undefined;
  let replaying: Promise<void> | undefined;
  let removing: Promise<void> | undefined;
  let replayed = 0;
  let damaged = 0;
  let isFullTold = false;

  async function settle(from: Spool, { to }: SpoolRange, count: number, lost = 0): Promise<void> {
    replayed += count;
    damaged += lost;
    await from.confirm(to, count + lost).catch(tellFailure);
    onSettled(count + lost);
  }

  function tellFailure(error: unknown): void {
    notices.failed(reasonOf(error));
  }

  /** What comes next, once the disk gives it; undefined: nothing, or it was stopped. */
  async function read(from: Spool): Promise<SpoolChunk | undefined> {
    while (!stopped.signal.aborted) {
      try {
        return await from.read(BATCH_LIMITS);
      } catch (error) {
        tellFailure(error);
        await pause(READ_AGAIN_MS, stopped.signal);
      }
    }
    return undefined;
  }

  async function replay(from: Spool, first: (SendingBatch & SpoolRange) | undefined): Promise<void> {
    const before = { replayed, damaged };
    if (first !== undefined) {
      if (!(await first.done)) return;
      await settle(from, first, first.count);
    }
    while (keeping !== undefined || !from.isEmpty()) {
      const chunk = await read(from);
      if (stopped.signal.aborted) return;
      if (chunk === undefined) {
        await keeping;
        continue;
      }
      if (chunk.records.length > 0 && !(await sendChunk(from, chunk))) return;
      await settle(from, chunk, chunk.records.length, chunk.damaged);
    }
    // Of what was damaged nobody knows how many events it held.
    const { entries: missing } = from.stats();
    damaged += missing;
    onSettled(missing);
    // In the same moment in which it was found empty: what comes now goes to Redis, or to another spool.
    spool = undefined;
    replaying = undefined;
    isFullTold = false;
    notices.replayed(replayed - before.replayed, damaged - before.damaged);
    removing = from.remove().catch(tellFailure);
  }

  async function sendChunk(from: Spool, { from: start, to, records }: SpoolChunk): Promise<boolean> {
    const batch = sender.nextBatch();
    // Whoever goes on after this process was killed has to repeat just this batch. Without the mark it repeats some events.
    await from.mark({ writer, batch, from: start, to }).catch(tellFailure);
    return sender.send(
      batch,
      records.map(({ entry }) => entry),
    );
  }

  /** Nothing of what a failed attempt left may be taken for a spool. */
  async function removeUnused(): Promise<void> {
    if (spool === undefined || replaying !== undefined) return;
    const unused = spool;
    spool = undefined;
    await unused.remove().catch(tellFailure);
  }

  async function add(entries: readonly Entry[], sending: SendingBatch | undefined): Promise<boolean> {
    try {
      const isNew = spool === undefined;
      const into = (spool ??= await create());
      const range = await into.append(entries, Date.now(), sending && { writer, batch: sending.batch });
      if (range !== undefined) {
        if (isNew) notices.kept(into.path);
        replaying ??= replay(into, sending && { ...sending, ...range }).catch((error: unknown) =>
          onRefused(toPipelineError(error, 'sink')),
        );
        return true;
      }
      if (!isFullTold) notices.full(into.path);
      isFullTold = true;
    } catch (error) {
      tellFailure(error);
    }
    await removeUnused();
    return false;
  }

  return {
    isEmpty: () => spool === undefined,
    keep(entries, sending) {
      keeping = add(entries, sending).finally(() => (keeping = undefined));
      return keeping;
    },
    stats() {
      const { entries = 0, bytes = 0, oldestAtMs } = spool?.stats() ?? {};
      return { events: entries, bytes, oldestAtMs, replayed, damaged };
    },
    async close(untilMs) {
      const timer = setTimeout(() => stop(), Math.max(0, untilMs - performance.now()));
      await replaying;
      clearTimeout(timer);
      stop();
      await removing;
      if (spool === undefined) return;
      const { entries } = spool.stats();
      try {
        notices.left(entries, await spool.leave());
      } catch (error) {
        throw new PipelineError(
          'sink',
          `spool ${spool.path}: expected ${entries} events that are not written yet, got ${reasonOf(error)}`,
        );
      }
    },
  };

  function stop(): void {
    stopped.abort();
    sender.stop();
  }
}
