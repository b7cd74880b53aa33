import type { EventSink } from '../../../models/domain/event-sink';
import { createQueuedSink } from '../../../operators/sinks/queued-sink';
import { startedEvent } from '../../support/events';
import { waitFor } from '../../support/wait-for';

/** Longer than any test may take: what was written was not written because this time went by. */
const NEVER_MS = 3_600_000;

function paced(maxPendingCost = 1000): { sink: EventSink; batches: string[][] } {
  const batches: string[][] = [];
  const sink = createQueuedSink<string>({
    name: 'paced',
    encode: ({ id }) => ({ item: id, cost: 1 }),
    maxPendingCost,
    maxBatchCost: 1000,
    intervalMs: NEVER_MS,
    flush(batch) {
      batches.push([...batch]);
      return Promise.resolve('written');
    },
    dispose: () => Promise.resolve(),
  });
  return { sink, batches };
}

const idOf = (n: number) => startedEvent(n).id;

describe('createQueuedSink', () => {
  it('goes on for a writer that it woke with its last batch', async () => {
    const seen: string[] = [];
    const sink = createQueuedSink<string>({
      name: 'narrow',
      encode: ({ id }) => ({ item: id, cost: 1 }),
      maxPendingCost: 1,
      maxBatchCost: 1,
      flush(batch) {
        seen.push(...batch);
        return Promise.resolve('written');
      },
      dispose: () => Promise.resolve(),
    });
    for (const n of [1, 2, 3, 4, 5]) await sink.write(startedEvent(n));
    await sink.close();
    expect(seen).toEqual([1, 2, 3, 4, 5].map(idOf));
    expect(sink.stats()).toEqual({ written: 5, pending: 0, lost: 0 });
  });
});

describe('createQueuedSink with an interval', () => {
  it('writes a lone event at once, and gathers those that follow until it closes', async () => {
    const { sink, batches } = paced();
    await sink.write(startedEvent(0));
    await waitFor(() => sink.stats().written === 1, { what: 'the first event' });
    for (const n of [1, 2, 3]) await sink.write(startedEvent(n));
    expect(sink.stats()).toEqual({ written: 1, pending: 3, lost: 0 });
    await sink.close();
    expect(batches).toEqual([[idOf(0)], [1, 2, 3].map(idOf)]);
    expect(sink.stats()).toEqual({ written: 4, pending: 0, lost: 0 });
  });

  it('does not wait for the interval when half of its room is taken, so that writers never do', async () => {
    const { sink, batches } = paced(4);
    await sink.write(startedEvent(0));
    await waitFor(() => sink.stats().written === 1, { what: 'the first event' });
    for (const n of [1, 2, 3, 4, 5, 6]) {
      await sink.write(startedEvent(n));
      if (n % 2 === 0) await waitFor(() => sink.stats().pending === 0, { what: `event ${n}` });
    }
    expect(batches.flat()).toEqual([0, 1, 2, 3, 4, 5, 6].map(idOf));
    await sink.close();
  });

  it('closes at once when nothing is left to write', async () => {
    const { sink, batches } = paced();
    await sink.write(startedEvent(0));
    await waitFor(() => sink.stats().written === 1, { what: 'the first event' });
    await sink.close();
    expect(batches).toHaveLength(1);
    await expect(sink.ended).resolves.toEqual({ kind: 'closed' });
  });
});
