import { toPipelineError } from '../../models/domain/errors';
import type { PipelineError } from '../../models/domain/errors';
import type { SightlineEvent } from '../../models/domain/event';
import type { EventSink, SinkEnd, SpoolStats } from '../../models/domain/event-sink';
import { pause, within } from '../support/within';
import type { Entry } from './append-script';
import { BATCH_LIMITS, createBacklog } from './redis-backlog';
import type { BacklogNotices, SendingBatch } from './redis-backlog';
import type { Sender } from './redis-sender';
import { createQueuedSink } from './queued-sink';
import type { Spool } from './spool';

export interface LaneOptions {
  /** For messages: the server without credentials. */
  readonly name: string;
  readonly sender: Sender;
  /** Of the sender's batches. */
  readonly writer: string;
  readonly encode: (event: SightlineEvent) => Entry;
  /** Events that may wait in memory; then `write` waits too. */
  readonly maxPending: number;
  /** How long `close` waits for what is pending. */
  readonly drainTimeoutMs: number;
  /** Where events wait while Redis is away; undefined: in memory alone. */
  readonly spool?:
    | {
        readonly create: () => Promise<Spool>;
        readonly notices: BacklogNotices;
        /** A batch without an answer for so long goes there. */
        readonly afterMs: number;
      }
    | undefined;
}

/** The events of one shard, on their way in order. */
export interface Lane extends Pick<EventSink, 'write' | 'flush' | 'close' | 'ended' | 'stats'> {
  readonly spooled: () => SpoolStats | undefined;
}

const RETRY_MS = 500;

/** Redis does nothing else while it appends. */
const LENGTH_PER_EVENT = BATCH_LIMITS.maxLength / BATCH_LIMITS.maxEntries;

/**
 * Sends the events of one shard to Redis in order. While that does not take them they go to disk in the same order, and what
 * comes later goes behind them until Redis has them all. Where the disk takes none either, they wait in memory.
 */
export function createLane(options: LaneOptions): Lane {
  const { name, sender, writer, encode, maxPending, drainTimeoutMs, spool } = options;
  let accepted = 0;
  let settled = 0;
  let flushes: { readonly upTo: number; readonly done: () => void }[] = [];
  const hurry = new AbortController();
  let closesAtMs = Infinity;
  let isEnded = false;
  let refusal: PipelineError | undefined;
  let announceRefusal: (end: SinkEnd) => void;
  const refused = new Promise<SinkEnd>((resolve) => (announceRefusal = resolve));

  function settle(count: number): void {
    settled += count;
    wakeFlushes(false);
  }

  function wakeFlushes(isEnd: boolean): void {
    const isDone = ({ upTo }: { readonly upTo: number }) => isEnd || settled >= upTo;
    const woken = flushes.filter(isDone);
    flushes = flushes.filter((flush) => !isDone(flush));
    for (const { done } of woken) done();
  }

  const backlog =
    spool &&
    createBacklog({
      ...{ sender, writer, ...spool },
      onSettled: settle,
      onRefused: refuse,
    });

  function refuse(error: PipelineError): void {
    refusal ??= error;
    announceRefusal({ kind: 'failed', error });
  }

  /** What Redis refuses for good waits on disk for the next start, when somebody may have mended it. */
  async function keepRefused(entries: readonly Entry[], error: PipelineError): Promise<void> {
    refuse(error);
    if ((await backlog?.keep(entries, undefined)) !== true) throw error;
  }

  /** Resolves once the entries are in Redis or on disk, or the signal is aborted. */
  async function take(entries: readonly Entry[], signal: AbortSignal): Promise<void> {
    let sending: SendingBatch | undefined;
    const answered = new AbortController();
    for (let attempt = 1; !signal.aborted; attempt++) {
      if (attempt > 1) await pause(RETRY_MS, answered.signal);
      if (refusal !== undefined) return keepRefused(entries, refusal);
      if (sending === undefined && backlog?.isEmpty() !== false) {
        sending = begin(entries);
        const onAnswer = () => answered.abort();
        sending.done.then(onAnswer, onAnswer);
        await within(sending.done, spool?.afterMs ?? Infinity, hurry.signal).catch(() => undefined);
      }
      if (answered.signal.aborted) {
        try {
          if (await sending!.done) settle(entries.length);
        } catch (error) {
          await keepRefused(entries, toPipelineError(error, 'sink'));
        }
        return;
      }
      if (await backlog?.keep(entries, sending)) return;
    }
  }

  function begin(entries: readonly Entry[]): SendingBatch {
    const batch = sender.nextBatch();
    return { batch, count: entries.length, done: sender.send(batch, entries) };
  }

  const queue = createQueuedSink<Entry>({
    name,
    encode(event) {
      const item = encode(event);
      return { item, cost: Math.ceil(item.data.length / LENGTH_PER_EVENT) };
    },
    maxPendingCost: maxPending,
    maxBatchCost: BATCH_LIMITS.maxEntries,
    drainTimeoutMs,
    async flush(entries, signal) {
      const stop = () => sender.stop();
      signal.addEventListener('abort', stop);
      try {
        await take(entries, signal);
      } finally {
        signal.removeEventListener('abort', stop);
      }
      return 'written';
    },
    async dispose() {
      await backlog?.close(closesAtMs);
      if (backlog?.isEmpty() !== false) await sender.forget();
      sender.stop();
    },
  });
  const ended = Promise.race([queue.ended, refused]);
  void ended.then(() => {
    isEnded = true;
    wakeFlushes(true);
  });

  return {
    ended,
    write(event) {
      if (closesAtMs === Infinity) accepted++;
      return queue.write(event);
    },
    flush() {
      if (isEnded || settled >= accepted) return Promise.resolve();
      return new Promise((done) => flushes.push({ upTo: accepted, done }));
    },
    async close() {
      closesAtMs = Math.min(closesAtMs, performance.now() + drainTimeoutMs);
      const hurryUp = setTimeout(() => hurry.abort(), drainTimeoutMs / 2);
      await queue.close().finally(() => clearTimeout(hurryUp));
      if (refusal !== undefined) throw refusal;
    },
    stats() {
      const { written, pending, lost } = queue.stats();
      const { events = 0 } = backlog?.stats() ?? {};
      return { written: Math.max(0, written - events), pending: pending + events, lost };
    },
    spooled: () => backlog?.stats(),
  };
}
