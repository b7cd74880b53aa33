import { randomUUID } from 'node:crypto';
import { isNativeError } from 'node:util/types';
import { PipelineError, toPipelineError } from '../../models/domain/errors';
import type { SightlineEvent } from '../../models/domain/event';
import type { EventSink } from '../../models/domain/event-sink';
import { createKeys } from '../../models/domain/keys';
import { openCamera, openChange } from '../../models/domain/open-tracks';
import {
  checkRedis,
  createRedis,
  retryDelayMs,
  toRedisError,
  waitForRedis,
} from '../../models/support/redis';
import type { RedisClient, RedisOptions } from '../../models/support/redis';
import { parseRedisUrl, redisName } from '../../models/support/redis-url';
import { createAppender } from './append-script';
import type { Appender, Entry } from './append-script';
import { createQueuedSink } from './queued-sink';

export interface RedisSinkOptions extends Pick<RedisOptions, 'url' | 'tls' | 'replyTimeoutMs' | 'onError'> {
  /** Events go to the stream `<namespace>:events:0`. */
  readonly namespace: string;
  /** Entries the stream keeps, about: older ones are trimmed. */
  readonly maxLen: number;
  /** Entries older than this are trimmed too, about, with the next event. Default: kept whatever their age. */
  readonly maxAgeMs?: number;
  /** Events that may wait for Redis; then `write` waits too. Default 10,000. */
  readonly maxPending?: number;
  /** How long the first connection may take. Default 5000. */
  readonly connectTimeoutMs?: number;
  /** How long `close` waits for what is pending. Default 5000. */
  readonly drainTimeoutMs?: number;
  /**
   * The fence of the lease under which the camera runs, asked for each event by `write`; undefined: it has none, and nothing
   * can supersede the event. For a lease that was lost it must go on giving the old one.
   */
  readonly fenceOf?: (camera: string) => number | undefined;
  /** So many events of the camera were not appended, since another process has its lease: they went to the `late` stream. */
  readonly onSuperseded?: (camera: string, count: number) => void;
  /** Redis answers, but does not take events for now. */
  readonly onTrouble?: (error: PipelineError) => void;
}

const BATCH_EVENTS = 500;

/** Redis does nothing else while it appends: larger batches go in parts. */
const MAX_APPEND_LENGTH = 1024 * 1024;

/** The same trouble is told of so often at most. */
const TROUBLE_REPEAT_MS = 10_000;

/** Redis forgets a writer by itself: to have it forgotten sooner is worth a short wait. */
const FORGET_TIMEOUT_MS = 1000;

/**
 * Events as entries of a Redis stream with the fields `type camera id seq data`: `seq` numbers the events of each camera from 1
 * without gaps, `data` is the whole event in JSON.
 *
 * Once and in order: a batch is appended by one script, whole or not at all, and repeated under its number until Redis has
 * confirmed it. (A Redis that lost its data, or was away for more than an hour, may take a batch twice; repeated events bear
 * the same `id`.) While Redis is away up to `maxPending` events wait, and then `write` does: nothing is dropped.
 *
 * An event whose fence is below one that has written for its camera goes to the stream `late` instead. A hash for each camera
 * holds what has begun and not ended (`openChange`), changed in the same step as the log.
 *
 * Rejects with a PipelineError `sink` when Redis cannot be reached at the start, refuses the credentials, is too old or would
 * evict keys, and with a RangeError for a `maxAgeMs` that is not positive.
 */
export async function createRedisSink(options: RedisSinkOptions): Promise<EventSink> {
  const { namespace, maxPending = 10_000, connectTimeoutMs = 5000, drainTimeoutMs = 5000 } = options;
  const { maxLen, maxAgeMs, fenceOf, onSuperseded, onTrouble } = options;
  if (maxAgeMs !== undefined && !(maxAgeMs > 0)) {
    throw new RangeError(`maxAgeMs: expected more than 0, got ${maxAgeMs}`);
  }
  const keys = createKeys(namespace);
  const client = createRedis({ ...options, role: 'producer', purpose: 'events' });
  const address = parseRedisUrl(options.url);
  const name = address === undefined ? 'redis' : redisName(address);
  try {
    await waitForRedis(client, name, connectTimeoutMs);
    await checkRedis(client, name);
  } catch (error) {
    client.disconnect();
    throw toSinkError(toPipelineError(error));
  }
  const appender = createAppender({ client, keys, writer: randomUUID(), maxLen, maxAgeMs });
  let batches = 0;
  let toldMs = -Infinity;

  /** Redis answers and does not take the batch, as when it is full. */
  function tellTrouble(error: PipelineError): void {
    if (performance.now() - toldMs < TROUBLE_REPEAT_MS) return;
    toldMs = performance.now();
    onTrouble?.(error);
  }

  async function appendUntilWritten(entries: readonly Entry[], signal: AbortSignal): Promise<void> {
    const batch = ++batches;
    for (let attempt = 1; !signal.aborted; attempt++) {
      let superseded: ReadonlyMap<string, number>;
      try {
        superseded = await appender.append(batch, entries);
      } catch (error) {
        const refusal = refusalIn(error);
        if (refusal !== undefined) throw toSinkError(toRedisError(refusal, name));
        if (client.status === 'ready') tellTrouble(toRedisError(error, name));
        await untilWorthTrying(client, name, attempt, signal);
        continue;
      }
      for (const [camera, count] of superseded) onSuperseded?.(camera, count);
      return;
    }
  }

  const sink = createQueuedSink<Entry>({
    name,
    encode: (event) => ({ item: toEntry(event, fenceOf?.(event.data.camera)), cost: 1 }),
    maxPendingCost: maxPending,
    maxBatchCost: BATCH_EVENTS,
    drainTimeoutMs,
    async flush(entries, signal) {
      // A reply may never come: cutting the connection settles the append that waits for it.
      const disconnect = () => client.disconnect();
      signal.addEventListener('abort', disconnect);
      try {
        for (const part of partsOf(entries)) await appendUntilWritten(part, signal);
      } finally {
        signal.removeEventListener('abort', disconnect);
      }
      return 'written';
    },
    async dispose() {
      if (batches > 0 && client.status === 'ready') await forgetWriter(appender);
      client.disconnect();
    },
  });
  return {
    ...sink,
    async openCamera(camera, source) {
      await sink.flush();
      return openCamera(await appender.claim(camera, fenceOf?.(camera)), source);
    },
  };
}

function toEntry(event: SightlineEvent, fence: number | undefined): Entry {
  return {
    type: event.type,
    camera: event.data.camera,
    id: event.id,
    open: openChange(event),
    data: JSON.stringify(event),
    fence,
  };
}

/** The entries in order, in parts that each stay below `MAX_APPEND_LENGTH` unless a single one exceeds it. */
function partsOf(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const parts: Entry[][] = [];
  let length = Infinity;
  for (const entry of entries) {
    length += entry.data.length;
    if (length > MAX_APPEND_LENGTH) {
      parts.push([]);
      length = entry.data.length;
    }
    parts.at(-1)!.push(entry);
  }
  return parts;
}

async function forgetWriter(appender: Appender): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, FORGET_TIMEOUT_MS);
  });
  await Promise.race([appender.forget().catch(() => undefined), timeout]);
  clearTimeout(timer);
}

/**
 * The answer that no second attempt mends, if the error is one: a key holds something else, the user may not do what the
 * script does, or the server lacks a command. Redis before 7 puts its own words around an error inside a script.
 */
function refusalIn(error: unknown): Error | undefined {
  if (!isNativeError(error)) return undefined;
  const isRefusal =
    /\b(WRONGTYPE|NOPERM|NOAUTH|WRONGPASS)\b|can't run this command|unknown (redis )?command/i.test(
      error.message,
    );
  return isRefusal ? error : undefined;
}

/** Resolves when the connection is back, or after a growing delay where it never left (a full or loading server). */
async function untilWorthTrying(
  client: RedisClient,
  name: string,
  attempt: number,
  signal: AbortSignal,
): Promise<void> {
  if (client.status === 'ready') return pause(retryDelayMs(attempt), signal);
  try {
    await waitForRedis(client, name, 1000);
  } catch (error) {
    const failure = toPipelineError(error);
    if (failure.code === 'auth') throw toSinkError(failure);
  }
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(finish, delayMs);
    signal.addEventListener('abort', finish, { once: true });
    function finish(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    }
  });
}

function toSinkError(error: PipelineError): PipelineError {
  const detail = error.message.slice(error.code.length + 2);
  return new PipelineError('sink', detail, { cause: error });
}
