import type { PipelineError } from '../../models/domain/errors';

/** Hands items from those who read to the one who consumes; its length is bounded by what readers may have in flight. */
export interface Outlet<T> {
  push(item: T): void;
  /** The next item if there is one already, and nobody waits for it. */
  poll(): T | undefined;
  /** The next item, in order; undefined when it was closed. Rejects when it failed, behind what was pushed before. */
  take(): Promise<T | undefined>;
  /** Ends it; what nobody took is given back. */
  close(): readonly T[];
  fail(error: PipelineError): void;
  /** Nothing is pushed any more: it is as closed once the rest was taken. */
  end(): void;
}

/** An empty outlet. Those who take at the same time are served in turn. */
export function createOutlet<T>(): Outlet<T> {
  let items: T[] = [];
  let head = 0;
  let isClosed = false;
  let isEnded = false;
  let failure: PipelineError | undefined;
  let wake: (() => void) | undefined;
  let taking = 0;
  let lastTaken: Promise<unknown> = Promise.resolve();

  function woken(): void {
    wake?.();
    wake = undefined;
  }

  function next(): T | undefined {
    if (head >= items.length) return undefined;
    const item = items[head++];
    // Moving what is left costs its length: rarely, so that it is cheap for each.
    if (head > 512 && head * 2 > items.length) {
      items = items.slice(head);
      head = 0;
    }
    return item;
  }

  async function takeNext(): Promise<T | undefined> {
    for (;;) {
      const item = next();
      if (item !== undefined) return item;
      if (failure !== undefined) throw failure;
      if (isClosed || isEnded) return undefined;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }

  return {
    push(item) {
      if (isClosed) return;
      items.push(item);
      woken();
    },
    poll: () => (taking === 0 ? next() : undefined),
    take() {
      taking++;
      const taken = lastTaken.then(takeNext, takeNext).finally(() => taking--);
      lastTaken = taken;
      return taken;
    },
    close() {
      isClosed = true;
      const left = items.slice(head);
      items = [];
      head = 0;
      woken();
      return left;
    },
    end() {
      isEnded = true;
      woken();
    },
    fail(error) {
      failure ??= error;
      woken();
    },
  };
}
