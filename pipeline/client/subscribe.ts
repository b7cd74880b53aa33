import { setTimeout as delay } from 'node:timers/promises';
import { Observable } from 'rxjs';
import { PipelineError, toPipelineError } from '../../models/domain/errors';
import { createKeys } from '../../models/domain/keys';
import { MAX_SHARDS } from '../../models/domain/shard';
import { createRedis, retryDelayMs, toRedisError, waitForRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { parseRedisUrl, redisName } from '../../models/support/redis-url';
import { FIRST_ID } from './entry-id';
import { createFlow } from './flow';
import type { Flow } from './flow';
import { createGroupReader } from './group-reader';
import type { GroupReader } from './group-reader';
import { resolveOptions } from './options';
import { createOutlet } from './outlet';
import { positionsFor } from './position';
import type { Position } from './position';
import { keepReading, pause } from './shard';
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
  // A function, since it changes while Redis is awaited and the compiler's narrowing does not see that.
  const isClosing = (): boolean => closing.signal.aborted;
  const outlet = createOutlet<Handed>();
  const connect = (purpose: string) => createRedis({ url, role: 'producer', purpose, onError: onTrouble });
  const commands = connect('subscriber');
  const shards: Shard[] = [];
  const positions: Position[] = [];
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
    positions[shard] = begin ?? { id: FIRST_ID, count: undefined };
    const context: ShardContext = {
      ...{ shard, key: keys.events(shard), keys, name, reading, commands, options, begin, flow },
      hand: (item) => outlet.push(item),
      count: (what, by = 1) => (counts[what] += by),
      closing: closing.signal,
    };
    const groupReader = group === undefined ? undefined : createGroupReader(context, group);
    const done = keepReading(context, groupReader ?? createTailReader(context), onBegun).catch(fail);
    shards.push({ reading, flow, group: groupReader, done });
  }

  /** How many shards the log has, once Redis tells. */
  async function shardCount(): Promise<number> {
    for (let attempt = 1; !isClosing(); attempt++) {
      try {
        await waitForRedis(commands, name, CONNECT_MS);
        const count = Number((await commands.hget(keys.eventsInfo, 'shards')) ?? 1);
        return Number.isInteger(count) && count >= 1 && count <= MAX_SHARDS ? count : 1;
      } catch (error) {
        const told = error instanceof PipelineError ? error : toRedisError(error, name);
        if (told.code === 'auth' || told.code === 'config') throw told;
        if (!isClosing()) onTrouble(told);
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

  /** Notes how far the consumer has come, and gives it the item. */
  function handOver(item: Handed): Delivery {
    const shard = 'gap' in item ? item.gap.shard : item.shard;
    if (item.position !== undefined) positions[shard] = item.position;
    if ('gap' in item) return item.gap;
    item.onTaken(positions.slice());
    return item.delivery;
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
      const ids = left.flatMap((item) =>
        'delivery' in item && item.shard === index ? item.delivery.entryId : [],
      );
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
        for (let item = await outlet.take(); item !== undefined; item = await outlet.take())
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
      let onNext: (() => void) | undefined;
      const give = (item: Handed): IteratorResult<Delivery, undefined> => {
        if ('delivery' in item) ({ onNext } = item);
        return { done: false, value: handOver(item) };
      };
      // Also what ends by itself keeps no connection, and with it no process.
      const end = async (): Promise<IteratorReturnResult<undefined>> => {
        await close();
        return { done: true, value: undefined };
      };
      return {
        next() {
          onNext?.();
          onNext = undefined;
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
