import { isNativeError } from 'node:util/types';
import { PipelineError, toPipelineError } from '../../models/domain/errors';
import type { SightlineEvent } from '../../models/domain/event';
import type { EventSink } from '../../models/domain/event-sink';
import { createKeys } from '../../models/domain/keys';
import {
  checkRedis,
  createRedis,
  retryDelayMs,
  toRedisError,
  waitForRedis,
} from '../../models/support/redis';
import type { RedisClient, RedisOptions } from '../../models/support/redis';
import { parseRedisUrl, redisName } from '../../models/support/redis-url';
import { createQueuedSink } from './queued-sink';

export interface RedisSinkOptions extends Pick<RedisOptions, 'url' | 'tls' | 'replyTimeoutMs' | 'onError'> {
  /** Events go to the stream `<namespace>:events:0`. */
  readonly namespace: string;
  /** Entries the stream keeps, about: older ones are trimmed. */
  readonly maxLen: number;
  /** Events that may wait for Redis; then `write` waits too. Default 10,000. */
  readonly maxPending?: number;
  /** How long the first connection may take. Default 5000. */
  readonly connectTimeoutMs?: number;
  /** How long `close` waits for what is pending. Default 5000. */
  readonly drainTimeoutMs?: number;
}

/** One XADD: the fields of a stream entry. */
type Entry = readonly [type: string, camera: string, id: string, data: string];

const BATCH_EVENTS = 500;

/**
 * Events as entries of a Redis stream with the fields `type camera id data`, `data` the whole event in JSON.
 *
 * At least once and in order: a batch is one transaction, so that it lands whole or not at all, and is repeated until Redis
 * has confirmed it. A repeated event bears the same `id`. While Redis is away up to `maxPending` events wait, and then
 * `write` does: nothing is dropped. Rejects with a PipelineError `sink` when Redis cannot be reached at the start, refuses
 * the credentials, is too old or would evict keys.
 */
export async function createRedisSink(options: RedisSinkOptions): Promise<EventSink> {
  const { namespace, maxLen, maxPending = 10_000, connectTimeoutMs = 5000, drainTimeoutMs = 5000 } = options;
  const key = createKeys(namespace).events();
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

  async function appendUntilWritten(entries: readonly Entry[], signal: AbortSignal): Promise<void> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        await append(client, key, maxLen, entries);
        return;
      } catch (error) {
        const refusal = refusalIn(error);
        if (refusal !== undefined) throw toSinkError(toRedisError(refusal, name));
        await untilWorthTrying(client, name, attempt, signal);
      }
    }
  }

  return createQueuedSink<Entry>({
    name,
    encode: (event) => ({ item: toEntry(event), cost: 1 }),
    maxPendingCost: maxPending,
    maxBatchCost: BATCH_EVENTS,
    drainTimeoutMs,
    async flush(entries, signal) {
      // A reply may never come: cutting the connection settles the append that waits for it.
      const disconnect = () => client.disconnect();
      signal.addEventListener('abort', disconnect);
      try {
        await appendUntilWritten(entries, signal);
      } finally {
        signal.removeEventListener('abort', disconnect);
      }
      return 'written';
    },
    dispose() {
      client.disconnect();
      return Promise.resolve();
    },
  });
}

function toEntry(event: SightlineEvent): Entry {
  return [event.type, event.data.camera, event.id, JSON.stringify(event)];
}

async function append(
  client: RedisClient,
  key: string,
  maxLen: number,
  entries: readonly Entry[],
): Promise<void> {
  const transaction = client.multi();
  for (const [type, camera, id, data] of entries) {
    transaction.xadd(key, 'MAXLEN', '~', maxLen, '*', 'type', type, 'camera', camera, 'id', id, 'data', data);
  }
  const replies = await transaction.exec();
  if (replies === null) throw new Error('the transaction was discarded');
  for (const [error] of replies) if (error !== null) throw error;
}

/**
 * The answer that no second attempt mends, if the error is one: the key holds something else, or the user may not write it.
 * A transaction refused while it was queued says EXECABORT and keeps the reason in `previousErrors` (ioredis 6).
 */
function refusalIn(error: unknown): Error | undefined {
  if (!isNativeError(error)) return undefined;
  const [root = error] =
    (error as Error & { readonly previousErrors?: readonly Error[] }).previousErrors ?? [];
  return /^(WRONGTYPE|NOPERM|NOAUTH|WRONGPASS)/.test(root.message) ? root : undefined;
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
