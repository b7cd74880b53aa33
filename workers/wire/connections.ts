import { setTimeout as delay } from 'node:timers/promises';
import { isNativeError } from 'node:util/types';
import type { Clock } from '../../models/domain/clock';
import type { PipelineError } from '../../models/domain/errors';
import { toPipelineError } from '../../models/domain/errors';
import { checkRedis, createRedis, toRedisError, waitForRedis } from '../../models/support/redis';
import type { RedisClient, RedisOptions } from '../../models/support/redis';
import { createRedisClock } from '../../models/support/redis-clock';
import type { RedisClock } from '../../models/support/redis-clock';
import { parseRedisUrl, redisName } from '../../models/support/redis-url';

/** Whether Redis can be reached; each told of once. */
export type RedisEvent =
  /** Redis does not answer, or is still to come. */
  { readonly kind: 'redis_away'; readonly error: PipelineError } | { readonly kind: 'redis_back' };

export interface ConnectionsOptions extends Pick<RedisOptions, 'url' | 'tls'> {
  /** What they are for, in `CLIENT LIST`. */
  readonly purpose: string;
  readonly clock: Clock;
  readonly onEvent?: (event: RedisEvent) => void;
}

/** What a process of the queue talks to Redis through. */
export interface Connections {
  /** For the address in messages: without credentials. */
  readonly name: string;
  /** Pixels, jobs, heartbeats: commands fail fast, since each has a time after which it is of no use. */
  readonly commands: RedisClient;
  /** Commands wait through an outage: for BullMQ workers, and for reads that block. */
  readonly patient: RedisClient;
  readonly redisClock: RedisClock;
  /**
   * Resolves when Redis answers and may be trusted with frames, however long that takes, unless `signal` is aborted.
   * Rejects when it refuses the credentials, is too old or evicts keys.
   */
  ready(signal?: AbortSignal): Promise<void>;
  /** A command was refused although Redis answers (full, read-only, a key of another type): told of as an absence, once. */
  refused(error: unknown): void;
  /** Redis took a write: what was refused before is over. */
  accepted(): void;
  /** True while Redis can be reached and takes what it is given. */
  isTrusted(): boolean;
  close(): void;
}

/** A refusal is told of again after this, however often commands fail and succeed in turn. */
const REFUSAL_REPEAT_MS = 10_000;

/** How long the first connection is waited for in silence. */
const PATIENCE_MS = 5000;

/** A wait cannot be cut short; nor may it keep a process that was told to stop. */
const SLICE_MS = 250;

/** Blocking reads ask for a second at most: who owes an answer for so long is gone, or the way to it is. */
const PATIENT_REPLY_MS = 8000;

/** Opens both connections; errors of either are told of once until Redis is back. */
export function openConnections({ url, tls, purpose, clock, onEvent }: ConnectionsOptions): Connections {
  const address = parseRedisUrl(url);
  const name = address === undefined ? 'redis' : redisName(address);
  let wasConnected = false;
  let isAway = false;
  let isRefusing = false;
  let refusalToldMs = -Infinity;
  const away = (error: PipelineError) => {
    if (!isAway && !isRefusing) onEvent?.({ kind: 'redis_away', error });
    isAway = true;
  };
  const back = (wasTrouble: boolean) => {
    if (wasTrouble && !isAway && !isRefusing) onEvent?.({ kind: 'redis_back' });
  };
  const access = { url, ...(tls !== undefined && { tls }) };
  let latest: PipelineError | undefined;
  const commands = createRedis({
    ...access,
    role: 'producer',
    purpose,
    onError(error) {
      latest = error;
      if (wasConnected) away(error);
    },
  });
  commands.on('ready', () => {
    wasConnected = true;
    const wasAway = isAway;
    isAway = false;
    back(wasAway);
  });
  const patient = createRedis({
    ...access,
    role: 'consumer',
    purpose: `${purpose}-blocking`,
    replyTimeoutMs: PATIENT_REPLY_MS,
  });
  const redisClock = createRedisClock({ client: commands, clock });

  async function ready(signal = new AbortController().signal): Promise<void> {
    const noticeMs = clock.monotonicMs() + PATIENCE_MS;
    for (;;) {
      signal.throwIfAborted();
      try {
        await waitForRedis(commands, name, SLICE_MS);
        await checkRedis(commands, name);
        await synchronised(signal);
        return;
      } catch (error) {
        const failure = toPipelineError(error);
        if (failure.code === 'auth' || failure.code === 'config' || signal.aborted) throw failure;
        if (clock.monotonicMs() >= noticeMs) away(latest ?? failure);
        // A server that answers, but not well, is not asked all the time.
        await delay(SLICE_MS, undefined, { signal });
      }
    }
  }

  /** Until then deadlines would be looked at by this host's clock. */
  async function synchronised(signal: AbortSignal): Promise<void> {
    while (!redisClock.isSynchronised()) {
      await Promise.race([redisClock.ready, delay(SLICE_MS, undefined, { signal })]);
    }
  }

  return {
    name,
    commands,
    patient,
    redisClock,
    ready,
    refused(error) {
      const nowMs = clock.monotonicMs();
      if (isConnectionFault(error) || isRefusing || nowMs - refusalToldMs < REFUSAL_REPEAT_MS) return;
      refusalToldMs = nowMs;
      if (!isAway) onEvent?.({ kind: 'redis_away', error: toRedisError(error, name) });
      isRefusing = true;
    },
    accepted() {
      const wasRefusing = isRefusing;
      isRefusing = false;
      back(wasRefusing);
    },
    isTrusted: () => commands.status === 'ready' && !isRefusing,
    close() {
      redisClock.close();
      patient.disconnect();
      commands.disconnect();
    },
  };
}

/** Opens the connections and waits until they are ready. Rejects as `ready` does, with nothing left open. */
export async function connect(options: ConnectionsOptions, signal?: AbortSignal): Promise<Connections> {
  const connections = openConnections(options);
  try {
    await connections.ready(signal);
    return connections;
  } catch (error) {
    connections.close();
    throw error;
  }
}

/** What ioredis says of a connection without a code of Node's. */
const BROKEN =
  /^(Connection is closed|Socket |Stream isn't writeable|Reached the max retries|Command timed out|Failed to refresh slots|None of startup nodes)/;

/** True for an error that says no more than that a connection is down, which is told of elsewhere. */
export function isConnectionFault(error: unknown): boolean {
  if (!isNativeError(error)) return false;
  return ('code' in error && typeof error.code === 'string') || BROKEN.test(error.message);
}
