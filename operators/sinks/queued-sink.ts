import { PipelineError, toPipelineError } from '../../models/domain/errors';
import type { SightlineEvent } from '../../models/domain/event';
import type { EventSink, SinkEnd } from '../../models/domain/event-sink';

export interface QueuedSinkOptions<T> {
  readonly name: string;
  /** What an event becomes, and what it counts against the two bounds. */
  readonly encode: (event: SightlineEvent) => { readonly item: T; readonly cost: number };
  /** From here on `write` waits. */
  readonly maxPendingCost: number;
  /** A batch is closed by the item that reaches this. */
  readonly maxBatchCost: number;
  /**
   * Writes a batch in order, trying again as it sees fit until the signal is aborted. Rejects when the sink is to end in
   * failure. Never called again before it has settled.
   */
  readonly flush: (batch: readonly T[], signal: AbortSignal) => Promise<'written' | 'reader_left'>;
  /** Lets go of file or connection; may report a late failure by rejecting. */
  readonly dispose: () => Promise<void>;
  /** Least time from one batch to the next, so that many small ones become few; a lone event goes at once. Default: none. */
  readonly intervalMs?: number;
  /** How long `close` waits for what is pending; absent: as long as it takes. */
  readonly drainTimeoutMs?: number;
}

/**
 * The part all sinks share: a bounded queue in front of one writer. Nothing is dropped while the sink works: when the
 * queue is full `write` waits, since a lost event would leave a `track.started` without its `track.ended`.
 */
export function createQueuedSink<T>(options: QueuedSinkOptions<T>): EventSink {
  const {
    name,
    encode,
    maxPendingCost,
    maxBatchCost,
    flush,
    dispose,
    drainTimeoutMs,
    intervalMs = 0,
  } = options;
  const queue: { readonly item: T; readonly cost: number }[] = [];
  const abort = new AbortController();
  let pendingCost = 0;
  let written = 0;
  let lost = 0;
  let isClosing = false;
  let end: SinkEnd | undefined;
  let writing: Promise<void> | undefined;
  let closed: Promise<void> | undefined;
  let waiting: (() => void)[] = [];
  let accepted = 0;
  let flushes: { readonly upTo: number; readonly done: () => void }[] = [];
  let endPause: (() => void) | undefined;
  let announceEnd: (end: SinkEnd) => void;
  const ended = new Promise<SinkEnd>((resolve) => (announceEnd = resolve));

  // A function, since `end` changes while a flush is awaited and the compiler's narrowing does not see that.
  const isEnded = (): boolean => end !== undefined;

  function wakeWriters(): void {
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  }

  function wakeFlushes(): void {
    const isDone = ({ upTo }: { readonly upTo: number }) => isEnded() || written >= upTo;
    const woken = flushes.filter(isDone);
    flushes = flushes.filter((flush) => !isDone(flush));
    for (const { done } of woken) done();
  }

  function finish(how: SinkEnd): void {
    if (isEnded()) return;
    end = how;
    lost += queue.length;
    queue.length = 0;
    pendingCost = 0;
    wakeWriters();
    wakeFlushes();
    announceEnd(how);
  }

  function nextBatch(): typeof queue {
    let cost = 0;
    let count = 0;
    while (count < queue.length && cost < maxBatchCost) cost += queue[count++]!.cost;
    return queue.slice(0, count);
  }

  async function writeAll(): Promise<void> {
    try {
      while (queue.length > 0 && !isEnded()) {
        await writeBatch(nextBatch());
        if (intervalMs > 0) await pause();
      }
    } finally {
      // Here and not when the promise settles: a writer that was woken by the last batch must start the next one.
      writing = undefined;
    }
  }

  async function writeBatch(batch: typeof queue): Promise<void> {
    try {
      const result = await flush(
        batch.map(({ item }) => item),
        abort.signal,
      );
      if (isEnded()) return;
      if (result === 'reader_left') {
        finish({ kind: 'reader_left' });
        return;
      }
    } catch (error) {
      finish({ kind: 'failed', error: toPipelineError(error, 'sink') });
      return;
    }
    queue.splice(0, batch.length);
    written += batch.length;
    for (const { cost } of batch) pendingCost -= cost;
    wakeFlushes();
    if (pendingCost < maxPendingCost) wakeWriters();
  }

  /** Lets events gather; a queue that is half full or a sink that closes waits for nothing. */
  async function pause(): Promise<void> {
    if (isClosing || isEnded() || pendingCost * 2 >= maxPendingCost) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, intervalMs);
      endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    endPause = undefined;
  }

  function startWriting(): void {
    writing ??= writeAll();
  }

  function giveUp(timeoutMs: number): void {
    const detail = `${name}: expected all events to be written, got ${queue.length} not written after ${timeoutMs} ms`;
    finish({ kind: 'failed', error: new PipelineError('sink', detail) });
    abort.abort();
  }

  async function drainAndClose(): Promise<void> {
    const timer =
      drainTimeoutMs === undefined ? undefined : setTimeout(() => giveUp(drainTimeoutMs), drainTimeoutMs);
    await writing;
    clearTimeout(timer);
    try {
      await dispose();
    } catch (error) {
      finish({ kind: 'failed', error: toPipelineError(error, 'sink') });
    }
    finish({ kind: 'closed' });
    const how = await ended;
    if (how.kind === 'failed') throw how.error;
  }

  return {
    name,
    ended,
    async write(event) {
      if (isEnded() || isClosing) {
        lost++;
        return;
      }
      const entry = encode(event);
      queue.push(entry);
      accepted++;
      pendingCost += entry.cost;
      startWriting();
      if (pendingCost * 2 >= maxPendingCost) endPause?.();
      if (pendingCost >= maxPendingCost) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    flush() {
      if (isEnded() || written >= accepted) return Promise.resolve();
      endPause?.();
      return new Promise((done) => flushes.push({ upTo: accepted, done }));
    },
    close() {
      isClosing = true;
      endPause?.();
      closed ??= drainAndClose();
      return closed;
    },
    stats: () => ({ written, pending: queue.length, lost }),
  };
}
