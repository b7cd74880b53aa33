import type { RedisScript } from '../../models/support/redis-script';
import { DEAD_MAX_LEN, createAcks } from './acks';
import { createGroup, hasGroup } from './consumer-group';
import { decodeEntry, fieldOf } from './decode';
import type { RawEntry } from './decode';
import type { EntryOwner } from './delivered';
import { FIRST_ID, compareIds } from './entry-id';
import type { GroupOptions } from './options';
import { forgetScript, keepScript, missScript, releaseScript, takeScript } from './scripts';
import { BLOCK_MS } from './shard';
import type { ShardContext, ShardReader } from './shard';
import { entriesIn, groupFacts, isMissing, missingOf, streamFacts } from './stream-facts';
import type { Gap } from './types';

/** A reader of a shard for one consumer of a group. */
export interface GroupReader extends ShardReader {
  /** Waits for acknowledgements under way, and leaves what was not handed over to others at once. */
  close(unhanded: readonly string[], isOwnName: boolean): Promise<void>;
}

const MAX_COUNT = 500;
const DAY_MS = 86_400_000;
const FORGET_EVERY_MS = 3_600_000;
/** Ids remembered of what the consumer could not deal with. */
const MAX_FAILED = 10_000;
/** Redis does nothing else while it notes that the consumer is at work on these. */
const KEEP_BATCH = 1000;

/** What was taken over: entries with their deliveries, ids of trimmed ones, dead letters, the last id looked at. */
type Taken = readonly [entries: [string, number, string[]][], gone: string[], dead: number, last: string];

/** Reads a shard as one consumer of a group: first what it had before, then what is new, and what others left behind. */
export function createGroupReader(context: ShardContext, group: GroupOptions): GroupReader {
  const { shard, key, keys, reading, commands, options, flow, hand, count, closing } = context;
  const { name, consumer, maxDeliveries, claimAfterMs } = group;
  const { isWanted } = options;
  const deadKey = keys.deadEvents(name, shard);
  const acks = createAcks({
    ...{ client: commands, key, deadKey, group: name, consumer, name: context.name, closing },
    onAcknowledged: (acknowledged) => count('acknowledged', acknowledged),
    onRejected: () => count('deadLetters'),
    onRefused: context.fail,
  });
  /** Ids of what the consumer is at work on. */
  const held = new Set<string>();
  /** Ids of what it could not deal with, and nobody took since: such a delivery counts, also when the subscription is closed. */
  const failed = new Set<string>();
  /** The newest entry of the log that is known of, and the newest that was read here. */
  let newestId = FIRST_ID;
  let lastReadId = FIRST_ID;
  /** Where to go on with what it had before; undefined: all was delivered. */
  let ownFrom: string | undefined = '-';
  let claimFrom = '-';
  let claimAtMs = 0;
  let keepAtMs = performance.now() + claimAfterMs / 3;
  let forgetAtMs = 0;
  let isDone = false;
  let isGroupMade = false;

  const run = (script: RedisScript, args: readonly (string | number)[]) =>
    script.run(commands, [key], [name, ...args]);

  function firstId(): string {
    if (context.begin !== undefined) return context.begin.id;
    const { start } = options;
    if (start === 'now') return '$';
    return typeof start === 'object' && 'id' in start ? start.id : FIRST_ID;
  }

  function over(entryId: string): boolean {
    const isHeld = held.delete(entryId);
    if (isHeld) flow.leave();
    return isHeld;
  }

  const owner: EntryOwner = {
    shard,
    ack({ entryId }) {
      over(entryId);
      failed.delete(entryId);
      return acks.add(entryId);
    },
    reject({ entryId, deliveries }, reason) {
      over(entryId);
      failed.delete(entryId);
      return acks.reject(entryId, deliveries, reason);
    },
    nack({ entryId }) {
      if (!over(entryId)) return;
      failed.add(entryId);
      if (failed.size > MAX_FAILED) for (const oldest of failed) return void failed.delete(oldest);
    },
    passed: () => undefined,
  };

  function take(entry: RawEntry, deliveries: number): void {
    const [entryId, fields] = entry;
    // What a read brings that was under way when it was closed, is left to others.
    if (held.has(entryId) || closing.aborted) return;
    if (isWanted?.(fieldOf(fields, 'type') ?? '', fieldOf(fields, 'camera') ?? '') === false) {
      void acks.add(entryId);
      return;
    }
    held.add(entryId);
    failed.delete(entryId);
    flow.enter();
    count('delivered');
    hand(decodeEntry(entry, owner, deliveries));
  }

  /** Takes over pending entries; gives the id behind which to go on, undefined when there were no more. */
  async function takeOver(idleMs: number, from: string, room: number): Promise<string | undefined> {
    const args = [name, consumer, idleMs, from, room, maxDeliveries, DEAD_MAX_LEN];
    // Also what Redis is still to be told of is dealt with.
    args.push(...held.keys(), ...acks.underWay());
    const reply = await takeScript.run(commands, [key, deadKey], args);
    const [entries, gone, dead, last] = reply as Taken;
    if (gone.length > 0) {
      tellGap('trimmed', gone.length, gone[0]!, gone.at(-1));
    }
    count('deadLetters', dead);
    for (const [id, deliveries, fields] of entries) take([id, fields], deliveries);
    return last === '' ? undefined : `(${last}`;
  }

  /** Once in a while: signs of life, what others left, and consumers that are gone. */
  async function maintain(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs >= forgetAtMs) {
      forgetAtMs = nowMs + FORGET_EVERY_MS;
      await run(forgetScript, [DAY_MS, consumer]);
    }
    if (nowMs < claimAtMs) return;
    const room = await roomNow();
    if (room === 0) return;
    const next = await takeOver(claimAfterMs, claimFrom, room);
    claimFrom = next ?? '-';
    if (next === undefined) claimAtMs = performance.now() + claimAfterMs / 2;
  }

  const roomNow = async () => Math.min(await flow.room(), MAX_COUNT);

  /** What the group was not given yet and is there now; and in the same step, what of it is gone. */
  async function readStored(room: number): Promise<boolean> {
    // Redis answers what arrives in one piece without anybody between, which MULTI would only promise; but what ioredis 6 gets
    // back from that it decodes twice.
    const replies = await commands
      .pipeline([
        ['xinfo', 'STREAM', key],
        ['xinfo', 'GROUPS', key],
        ['xreadgroup', 'GROUP', name, consumer, 'COUNT', room, 'STREAMS', key, '>'],
      ])
      .exec();
    const [about, groups, read] = (replies ?? []).map(([error, reply]) => {
      if (error !== null) throw error;
      return reply;
    });
    const facts = streamFacts(about);
    if (compareIds(facts.newestId, newestId) < 0) tellGap('reset', undefined, newestId, facts.firstId);
    newestId = facts.newestId;
    const own = groupFacts(groups, name);
    if (lastReadId === FIRST_ID && own !== undefined) lastReadId = own.lastDeliveredId;
    const missing = missingOf(facts, own);
    if (missing > 0) {
      const known = Number.isFinite(missing) ? missing : undefined;
      tellGap('trimmed', known, lastReadId, facts.firstId);
      await run(missScript, [known ?? '']);
    }
    const entries = entriesIn(read);
    for (const entry of entries) takeNew(entry);
    return entries.length > 0;
  }

  function tellGap(reason: Gap['reason'], missing: number | undefined, from: string, to: string | undefined) {
    hand({ gap: { kind: 'gap', shard, reason, missing, from, to } });
  }

  function takeNew(entry: RawEntry): void {
    lastReadId = entry[0];
    take(entry, 1);
  }

  async function readOnce(room: number): Promise<void> {
    if (ownFrom !== undefined) {
      ownFrom = await takeOver(0, ownFrom, room);
      return;
    }
    if (await readStored(room)) return;
    isDone = options.isEnding;
    // Redis notices the end of a wait only ten times a second: no time to lose where others left more.
    if (isDone || claimFrom !== '-') return;
    const waitMs = Math.max(1, Math.min(BLOCK_MS, Math.ceil(claimAtMs - performance.now())));
    const reply = await reading.xreadgroup(
      ...(['GROUP', name, consumer, 'COUNT', room, 'BLOCK', waitMs, 'STREAMS', key, '>'] as const),
    );
    for (const entry of entriesIn(reply)) {
      newestId = entry[0];
      takeNew(entry);
    }
  }

  /** Makes the group where there is none. One that was there and is gone, perhaps with the log, is told of. */
  async function ensureGroup(): Promise<void> {
    // A server that is full makes no group, but reads on with one that is there.
    if (await hasGroup(commands, key, name)) {
      isGroupMade = true;
      return;
    }
    if (!isGroupMade) {
      await createGroup(commands, key, name, firstId());
      isGroupMade = true;
      return;
    }
    const [newest] = await commands.xrevrange(key, '+', '-', 'COUNT', 1);
    const isOtherLog = newest === undefined || compareIds(newest[0], newestId) < 0;
    if (!(await createGroup(commands, key, name, isOtherLog ? FIRST_ID : lastReadId))) return;
    const from = newestId;
    newestId = FIRST_ID;
    if (isOtherLog) lastReadId = FIRST_ID;
    tellGap('reset', undefined, from, undefined);
  }

  async function keepHeld(): Promise<void> {
    const ids = [...held];
    for (let at = 0; at < ids.length && !closing.aborted; at += KEEP_BATCH)
      await run(keepScript, [consumer, ...ids.slice(at, at + KEEP_BATCH)]);
  }

  /** Keeps what the consumer is at work on from being taken for abandoned; on the clock, since reading may wait for room. */
  const keeping = setInterval(
    () => {
      if (performance.now() < keepAtMs || held.size === 0 || commands.status !== 'ready') return;
      keepAtMs = performance.now() + claimAfterMs / 3;
      keepHeld().catch(() => undefined);
    },
    Math.max(20, claimAfterMs / 12),
  );
  keeping.unref();
  closing.addEventListener('abort', () => clearInterval(keeping), { once: true });

  return {
    async begin() {
      await ensureGroup();
      // What a connection that broke had read is pending, and was not delivered.
      ownFrom = '-';
    },
    async read() {
      try {
        if (ownFrom === undefined) await maintain();
        const room = await roomNow();
        if (room > 0) await readOnce(room);
      } catch (error) {
        const isGone = error instanceof Error && (/NOGROUP/.test(error.message) || isMissing(error));
        if (!isGone) throw error;
        await ensureGroup();
      }
    },
    get isDone() {
      return isDone;
    },
    async close(unhanded, isOwnName) {
      await acks.settled();
      if (commands.status !== 'ready') return;
      for (const id of unhanded) held.delete(id);
      await run(releaseScript, [consumer, claimAfterMs, ...held.keys(), ...failed.keys()]);
      if (isOwnName) await run(forgetScript, [0, consumer]);
    },
  };
}
