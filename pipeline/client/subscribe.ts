import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Observable } from 'rxjs';
import { PipelineError, toPipelineError } from '../../models/domain/errors';
import { createKeys } from '../../models/domain/keys';
import { MAX_SHARDS } from '../../models/domain/shard';
import { createRedis, retryDelayMs, toRedisError, waitForRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { parseRedisUrl, redisName } from '../../models/support/redis-url';
import type { EntryDelivery } from './decode';
import { handedOver, passed, positionOf } from './delivered';
import { FIRST_ID } from './entry-id';
import { createFlow } from './flow';
import type { Flow } from './flow';
import { createGroupReader } from './group-reader';
import type { GroupReader } from './group-reader';
import { resolveOptions } from './options';
import { createOutlet } from './outlet';
import { positionsFor } from './position';
import type { Position } from './position';
import { keepReading, pause, refusalIn } from './shard';
import type { Handed, ShardContext } from './shard';
import { createTailReader } from './tail-reader';
import type { Delivery, EventSubscription, SubscribeOptions, SubscriptionStats } from './types';

/** One shard that is read. */
interface Shard {
  readonly reading: RedisClient;
  readonly flow: Flow;
  readonly group: GroupReader | undefined;
  readonly done: Promise<void>;
}

/** How often a log that got more shards is noticed. */
const SHARDS_EVERY_MS = 10_000;
const CONNECT_MS = 2000;

/**
 * Subscribes to the event log: each event at least once, in order within each camera, through every outage of Redis, until the
 * subscription is closed. Begins to connect at once; Redis may be away then.
 *
 * Throws a RangeError for options that are out of range, and a PipelineError `config` for what is no Redis URL.
 */
export function subscribeEvents(given: SubscribeOptions): EventSubscription {
  const options = resolveOptions(given);
  const { url, group, signal, onTrouble } = options;
  const keys = createKeys(options.namespace);
  const name = nameOf(url);
  const closing = new AbortController();
  // Each shard listens several times, which is no leak.
  setMaxListeners(0, closing.signal);
  // A function, since it changes while Redis is awaited and the compiler's narrowing does not see that.
  const isClosing = (): boolean => closing.signal.aborted;
  const outlet = createOutlet<Handed>();
  const connect = (purpose: string) => createRedis({ url, role: 'producer', purpose, onError: onTrouble });
  const commands = connect('subscriber');
  const shards: Shard[] = [];
  let positions: Position[] = [];
  /** The entry that was handed over last, while `positions` say nothing of it. */
  let newest: EntryDelivery | undefined;
  const counts = { delivered: 0, acknowledged: 0, deadLetters: 0, duplicates: 0 };
  let failure: PipelineError | undefined;
  let isTaken = false;
  let closed: Promise<void> | undefined;
  let begun = 0;
  let tellReady: () => void;
  let tellFailed: (error: PipelineError) => void;
  const ready = new Promise<void>((resolve, reject) => {
    tellReady = resolve;
    tellFailed = reject;
  });
  // Who does not ask is not to be killed by it.
  ready.catch(() => undefined);

  function fail(error: unknown): void {
    failure ??= toPipelineError(error, 'sink');
    outlet.fail(failure);
    tellFailed(failure);
    void close();
  }

  function addShard(shard: number, begin: Position | undefined, limit: number, onBegun: () => void): void {
    const reading = connect(`subscriber-${String(shard)}`);
    const flow = createFlow(limit);
    turnTo(undefined);
    positions[shard] = begin ?? { id: FIRST_ID, count: undefined };
    const context: ShardContext = {
      ...{ shard, key: keys.events(shard), keys, name, reading, commands, options, begin, flow },
      hand: (item) => outlet.push(item),
      count: (what, by = 1) => (counts[what] += by),
      ...{ closing: closing.signal, fail },
    };
    const groupReader = group === undefined ? undefined : createGroupReader(context, group);
    const done = keepReading(context, groupReader ?? createTailReader(context), onBegun).catch(fail);
    shards.push({ reading, flow, group: groupReader, done });
  }

  /** How many shards the log has, once Redis tells. */
  async function shardCount(): Promise<number> {
    for (let attempt = 1; !isClosing(); attempt++) {
      try {
        await waitForRedis(commands, name, CONNECT_MS, closing.signal);
        const count = Number((await commands.hget(keys.eventsInfo, 'shards')) ?? 1);
        return Number.isInteger(count) && count >= 1 && count <= MAX_SHARDS ? count : 1;
      } catch (error) {
        const refusal = refusalIn(error, name);
        if (refusal !== undefined) throw refusal;
        if (!isClosing()) onTrouble(error instanceof PipelineError ? error : toRedisError(error, name));
        await pause(retryDelayMs(attempt), closing.signal);
      }
    }
    return 0;
  }

  async function start(): Promise<void> {
    const count = await shardCount();
    const { start: from } = options;
    const known = typeof from === 'object' && 'positions' in from ? positionsFor(from.positions, count) : [];
    const total = Math.max(count, known.length);
    const limit = Math.max(1, Math.floor(options.maxInFlight / Math.max(1, total)));
    for (let shard = 0; shard < total && !isClosing(); shard++)
      addShard(shard, known[shard], limit, () => ++begun === total && tellReady());
    if (options.isEnding) {
      await Promise.all(shards.map(({ done }) => done));
      outlet.end();
      return;
    }
    while (!isClosing()) {
      await pause(SHARDS_EVERY_MS, closing.signal);
      const now = await shardCount();
      for (let shard = shards.length; shard < now && !isClosing(); shard++)
        addShard(shard, { id: FIRST_ID, count: undefined }, limit, () => undefined);
    }
  }

  /** Makes `positions` what they were when the entry was handed over, its own shard's aside: one array for many of a shard. */
  function turnTo(entry: EntryDelivery | undefined): void {
    if (newest !== undefined && newest.shard !== entry?.shard) {
      positions = positions.slice();
      positions[newest.shard] = positionOf(newest);
    }
    newest = entry;
  }

  /** Notes how far the consumer has come, and gives it the item. */
  function handOver(item: Handed): Delivery {
    if ('gap' in item) {
      turnTo(undefined);
      if (item.position !== undefined) {
        positions = positions.slice();
        positions[item.gap.shard] = item.position;
      }
      return item.gap;
    }
    turnTo(item);
    handedOver(item, positions);
    return item;
  }

  async function closeAll(): Promise<void> {
    signal?.removeEventListener('abort', onAbort);
    closing.abort();
    const left = outlet.close();
    for (const { flow, reading } of shards) {
      flow.close();
      reading.disconnect();
    }
    const late = new AbortController();
    const closings = shards.map(async (shard, index) => {
      await shard.done;
      const ids = left.flatMap((item) => ('gap' in item || item.shard !== index ? [] : item.entryId));
      await shard.group?.close(ids, given.consumer === undefined);
    });
    await Promise.race([
      Promise.allSettled(closings),
      delay(options.closeTimeoutMs, undefined, { signal: late.signal }).catch(() => undefined),
    ]);
    late.abort();
    commands.disconnect();
    tellFailed(failure ?? new PipelineError('ended', `${name}: expected to subscribe, got closed before`));
  }

  function close(): Promise<void> {
    return (closed ??= closeAll());
  }

  const onAbort = () => void close();
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  start().catch(fail);

  function claim(): void {
    if (isTaken)
      throw new RangeError('subscribeEvents: expected one consumer of a subscription, got a second one');
    isTaken = true;
  }

  return {
    ready,
    close,
    stats: (): SubscriptionStats => ({
      ...counts,
      inFlight: shards.reduce((sum, { flow }) => sum + flow.inFlight, 0),
    }),
    observable: new Observable<Delivery>((subscriber) => {
      claim();
      const drain = async () => {
        const next = async () => outlet.poll() ?? (await outlet.take());
        for (let item = await next(); item !== undefined; item = await next())
          subscriber.next(handOver(item));
      };
      drain().then(
        () => subscriber.complete(),
        (error: unknown) => subscriber.error(error),
      );
      return () => void close();
    }),
    [Symbol.asyncIterator]() {
      claim();
      let last: EntryDelivery | undefined;
      const passLast = () => {
        if (last !== undefined) passed(last);
        last = undefined;
      };
      const give = (item: Handed): IteratorResult<Delivery, undefined> => {
        // It was asked for already when the one before came, by who asks for several at once.
        passLast();
        if (!('gap' in item)) last = item;
        return { done: false, value: handOver(item) };
      };
      // Also what ends by itself keeps no connection, and with it no process.
      const end = async (): Promise<IteratorReturnResult<undefined>> => {
        await close();
        return { done: true, value: undefined };
      };
      return {
        next() {
          passLast();
          const item = outlet.poll();
          if (item !== undefined) return Promise.resolve(give(item));
          return outlet.take().then((late) => (late === undefined ? end() : give(late)));
        },
        return: end,
      };
    },
  };
}

function nameOf(url: string): string {
  const address = parseRedisUrl(url);
  return address === undefined ? 'redis' : redisName(address);
}
