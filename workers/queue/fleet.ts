import { hostname } from 'node:os';
import type { Clock } from '../../models/domain/clock';
import type { Keys } from '../../models/domain/keys';
import type { RedisClient } from '../../models/support/redis';
import {
  HEARTBEAT_FORGET_MS,
  HEARTBEAT_INTERVAL_MS,
  isAlive,
  isForgotten,
  parseProducerHeartbeat,
  parseWorkerHeartbeat,
} from '../wire/heartbeat';
import type { ProducerHeartbeat, WorkerHeartbeat } from '../wire/heartbeat';
import { PROTOCOL } from '../wire/job';
import { capacityOf, NO_CAPACITY } from './capacity';
import type { Capacity } from './capacity';

/** How long ingest waits for a worker before it says so, and how often it says it again. */
export const NO_WORKER_NOTICE_MS = 10_000;
const NO_WORKER_REPEAT_MS = 60_000;

/** From the first look that misses a worker to its being lost: time to beat again once Redis is back. */
const LOST_MS = 2500;

export type FleetEvent =
  /** No worker of this model lives; `others` are the models that living workers serve. */
  | { readonly kind: 'no_worker'; readonly others: readonly string[] }
  | { readonly kind: 'workers_back'; readonly workers: number }
  /** A worker that had not taken its leave was heard of no more: what it has in work is not to be expected. */
  | { readonly kind: 'worker_lost'; readonly worker: string; readonly host: string };

export interface FleetOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  /** Id of this process, under which it announces itself. */
  readonly producer: string;
  /** The detector whose workers count. */
  readonly fingerprint: string;
  readonly hostToken: string;
  readonly clock: Clock;
  readonly redisNowMs: () => number;
  /** True when there were frames for the workers lately. */
  readonly isActive: () => boolean;
  readonly onChange: () => void;
  readonly onEvent: (event: FleetEvent) => void;
  /** A look failed, or went well. */
  readonly onRefused: (error: unknown) => void;
  readonly onAccepted: () => void;
}

/** The living workers of a model, and the share of them that is this process'. */
export interface Fleet {
  readonly capacity: Capacity;
  /** Looks now; never rejects. */
  refresh(): Promise<void>;
  /** Stops looking and withdraws this process; never rejects. */
  close(): Promise<void>;
}

/** Reads the heartbeats of workers and producers every second and announces this process among the latter. */
export function createFleet(options: FleetOptions): Fleet {
  const { client, keys, producer, fingerprint, hostToken, clock, redisNowMs, isActive, onChange, onEvent } =
    options;
  const { onRefused, onAccepted } = options;
  let capacity = NO_CAPACITY;
  let looking: Promise<void> | undefined;
  let isClosed = false;
  let missingSinceMs = clock.monotonicMs();
  let noticeAtMs = missingSinceMs + NO_WORKER_NOTICE_MS;
  let isNoticed = false;
  let known: ReadonlyMap<string, WorkerHeartbeat> = new Map();
  let missing: ReadonlyMap<string, number> = new Map();

  async function readHash(key: string): Promise<Record<string, string>> {
    const fields = await client.hgetall(key);
    const nowMs = redisNowMs();
    const forgotten = Object.entries(fields).flatMap(([id, text]) => (isForgotten(text, nowMs) ? [id] : []));
    if (forgotten.length > 0) await client.hdel(key, ...forgotten);
    return fields;
  }

  async function announce(): Promise<void> {
    const own: ProducerHeartbeat = {
      v: PROTOCOL,
      atMs: redisNowMs(),
      host: hostname(),
      fingerprint,
      isActive: isActive(),
    };
    await client.hset(keys.producers, producer, JSON.stringify(own));
    await client.pexpire(keys.producers, HEARTBEAT_FORGET_MS);
  }

  async function look(): Promise<void> {
    try {
      await announce();
      const [workers, producers] = await Promise.all([readHash(keys.workers), readHash(keys.producers)]);
      if (isClosed) return;
      const living = livingOf(workers, parseWorkerHeartbeat);
      const ours = new Map([...living].filter(([, worker]) => worker.fingerprint === fingerprint));
      const rivals = [...livingOf(producers, parseProducerHeartbeat).values()].filter(
        (other) => other.fingerprint === fingerprint && other.isActive,
      );
      tellLost(ours, workers);
      update(capacityOf([...ours.values()], rivals.length, hostToken), [...living.values()]);
      onAccepted();
    } catch (error) {
      // What was known stays: frames have their own deadlines.
      onRefused(error);
    }
  }

  function livingOf<T extends { readonly atMs: number }>(
    fields: Readonly<Record<string, string>>,
    parse: (text: string) => T | undefined,
  ): ReadonlyMap<string, T> {
    const nowMs = redisNowMs();
    return new Map(
      Object.entries(fields).flatMap(([id, text]) => {
        const heartbeat = parse(text);
        return heartbeat !== undefined && isAlive(heartbeat, nowMs) ? [[id, heartbeat] as const] : [];
      }),
    );
  }

  /**
   * Who withdraws removes its field, and a Redis that was restarted empty has none: lost is whose field stays and grows old. Told
   * after a while, since after an outage of Redis all are old until they beat again.
   */
  function tellLost(
    ours: ReadonlyMap<string, WorkerHeartbeat>,
    fields: Readonly<Record<string, string>>,
  ): void {
    const gone = [...known].filter(([id, { isLeaving }]) => !ours.has(id) && id in fields && !isLeaving);
    const nowMs = clock.monotonicMs();
    const lost = gone.filter(([id]) => nowMs - (missing.get(id) ?? nowMs) >= LOST_MS);
    missing = new Map(gone.map(([id]) => [id, missing.get(id) ?? nowMs]));
    known = new Map([...ours, ...gone.filter(([id]) => !lost.some(([other]) => other === id))]);
    for (const [worker, { host }] of lost) onEvent({ kind: 'worker_lost', worker, host });
  }

  function update(next: Capacity, living: readonly WorkerHeartbeat[]): void {
    const hasChanged = JSON.stringify(next) !== JSON.stringify(capacity);
    capacity = next;
    const nowMs = clock.monotonicMs();
    if (next.workers > 0) {
      missingSinceMs = nowMs;
      noticeAtMs = nowMs + NO_WORKER_NOTICE_MS;
      if (isNoticed) onEvent({ kind: 'workers_back', workers: next.workers });
      isNoticed = false;
    } else if (nowMs >= noticeAtMs) {
      isNoticed = true;
      noticeAtMs = nowMs + NO_WORKER_REPEAT_MS;
      onEvent({ kind: 'no_worker', others: [...new Set(living.map(({ model }) => model))] });
    }
    if (hasChanged) onChange();
  }

  function refresh(): Promise<void> {
    looking ??= look().finally(() => (looking = undefined));
    return looking;
  }

  const timer = setInterval(() => void refresh(), HEARTBEAT_INTERVAL_MS);
  const onReady = () => void refresh();
  client.on('ready', onReady);

  return {
    get capacity() {
      return capacity;
    },
    refresh,
    async close() {
      isClosed = true;
      clearInterval(timer);
      client.off('ready', onReady);
      await looking;
      await client.hdel(keys.producers, producer).catch(() => undefined);
    },
  };
}
