import { decodeEntry, fieldOf } from './decode';
import type { RawEntry } from './decode';
import type { DeliveredEntry, EntryOwner } from './delivered';
import { FIRST_ID, compareIds, isTime } from './entry-id';
import type { Position } from './position';
import { BLOCK_MS } from './shard';
import type { ShardContext, ShardReader } from './shard';
import { entriesIn, isMissing, streamFacts } from './stream-facts';
import type { StreamFacts } from './stream-facts';

const MAX_COUNT = 500;
const DONE = Promise.resolve();

/** Reads every entry of a shard, from a position on, without a group. */
export function createTailReader(context: ShardContext): ShardReader {
  const { shard, key, reading, options, flow, hand, count } = context;
  const { isWanted, dedupe, start } = options;
  const seen = new Set<string>();
  /** Ids of what the consumer is at work on. */
  const held = new Set<string>();
  let position = context.begin;
  /** With this entry it ends. */
  let lastId: string | undefined;
  /** True once all that was there was read: the last entry may be gone by then. */
  let isAtEnd = false;

  async function factsOf(): Promise<StreamFacts | undefined> {
    try {
      return streamFacts(await reading.xinfo('STREAM', key));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async function beginning(): Promise<Position> {
    if (typeof start === 'object' && 'id' in start) return { id: start.id, count: undefined };
    const facts = await factsOf();
    if (facts === undefined) return { id: FIRST_ID, count: 0 };
    if (start === 'now') return { id: facts.newestId, count: facts.added };
    // What was trimmed before it began is no gap to who asked for what is there.
    return { id: FIRST_ID, count: facts.added === undefined ? undefined : facts.added - facts.length };
  }

  const isDone = () => lastId !== undefined && (isAtEnd || compareIds(position!.id, lastId) >= 0);

  /** True for an event that was delivered before. */
  function isRepeated(fields: readonly string[]): boolean {
    const id = fieldOf(fields, 'id');
    if (dedupe === 0 || id === undefined) return false;
    if (seen.has(id)) {
      count('duplicates');
      return true;
    }
    seen.add(id);
    if (seen.size > dedupe) for (const oldest of seen.values()) return !seen.delete(oldest);
    return false;
  }

  const owner: EntryOwner = {
    shard,
    ack: over,
    reject: over,
    nack: (entry) => void over(entry),
    passed: (entry) => void over(entry),
  };

  function over({ entryId }: DeliveredEntry): Promise<void> {
    if (held.delete(entryId)) flow.leave();
    return DONE;
  }

  function take(entry: RawEntry): void {
    const [entryId, fields] = entry;
    const read = position?.count === undefined ? undefined : position.count + 1;
    position = { id: entryId, count: read };
    const type = fieldOf(fields, 'type') ?? '';
    if (isWanted?.(type, fieldOf(fields, 'camera') ?? '') === false || isRepeated(fields)) return;
    held.add(entryId);
    flow.enter();
    count('delivered');
    hand(decodeEntry(entry, owner, 1, read));
  }

  /** Tells what is gone between the last entry read and the first one there. */
  function tellGap(facts: StreamFacts | undefined): void {
    const at = position!;
    const isOlder = !isTime(at.id) && compareIds(facts?.newestId ?? FIRST_ID, at.id) < 0;
    // Also a log that was begun anew since then, by a host whose clock goes on.
    if (isOlder || (facts?.added !== undefined && facts.added < (at.count ?? 0))) {
      position = { id: FIRST_ID, count: 0 };
      hand({
        gap: { kind: 'gap', shard, reason: 'reset', missing: undefined, from: at.id, to: facts?.firstId },
        position,
      });
      return;
    }
    if (facts?.added === undefined || (facts.firstId !== undefined && compareIds(at.id, facts.firstId) >= 0))
      return;
    const removed = facts.added - facts.length;
    const missing = at.count === undefined ? undefined : removed - at.count;
    if (missing === undefined ? removed === 0 || compareIds(at.id, facts.newestId) >= 0 : missing <= 0)
      return;
    // Behind the gap it is known how many there were.
    position = { id: at.id, count: removed };
    hand({
      gap: { kind: 'gap', shard, reason: 'trimmed', missing, from: at.id, to: facts.firstId },
      position,
    });
  }

  /** What is there now; and in the same step, what is gone. */
  async function readStored(room: number): Promise<boolean> {
    const at = position!.id;
    const replies = await reading
      .multi([
        ['xinfo', 'STREAM', key],
        ['xread', 'COUNT', room, 'STREAMS', key, at],
      ])
      .exec();
    const [about, read] = replies ?? [];
    if (about?.[0] != null && !isMissing(about[0])) throw about[0];
    if (read?.[0] != null) throw read[0];
    const facts = about?.[0] == null ? streamFacts(about?.[1]) : undefined;
    tellGap(facts);
    if (position!.id === FIRST_ID && at !== FIRST_ID) return true;
    const entries = entriesIn(read?.[1]);
    for (const entry of entries) take(entry);
    isAtEnd = entries.length < room;
    if (isAtEnd && facts?.added !== undefined) position = { id: position!.id, count: facts.added };
    return entries.length > 0;
  }

  return {
    async begin() {
      position ??= await beginning();
      if (options.isEnding) lastId ??= (await factsOf())?.newestId ?? FIRST_ID;
    },
    get isDone() {
      return isDone();
    },
    async read() {
      const room = Math.min(await flow.room(), MAX_COUNT);
      if (room === 0 || (await readStored(room)) || isDone()) return;
      const read = await reading.xread('COUNT', room, 'BLOCK', BLOCK_MS, 'STREAMS', key, position!.id);
      for (const entry of entriesIn(read)) take(entry);
    },
  };
}
