import type { Clock } from '../domain/clock';
import type { PipelineError } from '../domain/errors';
import { mastersOf, nodeName } from './redis-client';
import type { Redis, RedisClient } from './redis-client';
import { toRedisError } from './redis-errors';
import { createOffsetFilter } from './redis-offset';

export interface RedisClockOptions {
  /** Commands of a producer fail at once while Redis is away, which suits a clock; a consumer's serve too. */
  readonly client: RedisClient;
  /** The clock of this host: only its `monotonicMs` is followed, and its `nowMs` until Redis has answered once. */
  readonly clock: Clock;
  /** Hears why Redis does not tell the time although it is connected, once until it does. */
  readonly onError?: (error: PipelineError) => void;
}

/** Redis' own time, by which hosts whose clocks differ agree on deadlines. */
export interface RedisClock {
  /**
   * Milliseconds since 1970 by Redis' clock. May step by a little with each sample, also back, and by as much as the server's
   * clock was set.
   */
  nowMs(): number;
  /** Redis' time less this host's wall time; 0 until synchronised. */
  offsetMs(): number;
  /** True when Redis has answered; from then on for good, since the last offset holds through an outage. */
  isSynchronised(): boolean;
  /** Resolves with the first answer, or when the clock is closed before; never rejects. */
  readonly ready: Promise<void>;
  close(): void;
}

/** After each connection a few samples in quick succession, of which the best counts at once. */
const BURST_SAMPLES = 5;
const BURST_EVERY_MS = 200;
const EVERY_MS = 5000;
const AGAIN_MS = 1000;

/**
 * Follows Redis' clock by `TIME` over the given connection, on the monotonic clock, so that whoever sets this host's wall
 * clock changes nothing. Asks one node of a cluster, the first master by `host:port`, which is the same for every process.
 * A new connection, or another node, starts anew. Suspend to RAM halts the monotonic clock of Linux: the next sample
 * mends it.
 */
export function createRedisClock({ client, clock, onError }: RedisClockOptions): RedisClock {
  const filter = createOffsetFilter();
  let timer: NodeJS.Timeout | undefined;
  /** Counts connections: an answer that belongs to a former one is not looked at. */
  let epoch = 0;
  let samplesInEpoch = 0;
  let asked: Redis | undefined;
  let isComplained = false;
  let setReady: () => void;
  const ready = new Promise<void>((resolve) => (setReady = resolve));

  function startAnew(): void {
    epoch += 1;
    samplesInEpoch = 0;
    filter.forget();
    void sample(epoch);
  }

  async function sample(ownEpoch: number): Promise<void> {
    clearTimeout(timer);
    const delayMs = await ask(ownEpoch);
    if (ownEpoch === epoch) timer = setTimeout(() => void sample(ownEpoch), delayMs);
  }

  /** Takes one sample; resolves with the delay to the next. */
  async function ask(ownEpoch: number): Promise<number> {
    const node = timekeeper(client);
    if (node === undefined) return BURST_EVERY_MS;
    if (node !== asked) {
      asked = node;
      samplesInEpoch = 0;
      filter.forget();
    }
    const sentMs = clock.monotonicMs();
    try {
      const [seconds, micros] = await node.time();
      const receivedMs = clock.monotonicMs();
      if (ownEpoch !== epoch) return 0;
      const serverMs = Number(seconds) * 1000 + Number(micros) / 1000;
      filter.add({
        offsetMs: serverMs - (sentMs + receivedMs) / 2,
        roundTripMs: receivedMs - sentMs,
        atMs: receivedMs,
      });
    } catch (error) {
      // What breaks a connection is told by the connection.
      if (ownEpoch === epoch && node.status === 'ready' && !isComplained) {
        isComplained = true;
        onError?.(toRedisError(error, 'Redis clock'));
      }
      return AGAIN_MS;
    }
    isComplained = false;
    setReady();
    samplesInEpoch += 1;
    return samplesInEpoch < BURST_SAMPLES ? BURST_EVERY_MS : EVERY_MS;
  }

  function nowMs(): number {
    const offsetMs = filter.offsetMs();
    return offsetMs === undefined ? clock.nowMs() : clock.monotonicMs() + offsetMs;
  }

  client.on('ready', startAnew);
  startAnew();
  return {
    nowMs,
    offsetMs: () => (filter.offsetMs() === undefined ? 0 : nowMs() - clock.nowMs()),
    isSynchronised: () => filter.offsetMs() !== undefined,
    ready,
    close() {
      epoch += 1;
      clearTimeout(timer);
      client.off('ready', startAnew);
      setReady();
    },
  };
}

/** Whom to ask, if it can answer now: a command that waited for its connection would measure the wait. */
function timekeeper(client: RedisClient): Redis | undefined {
  if (client.status !== 'ready') return undefined;
  const [first] = [...mastersOf(client)].sort((a, b) => compare(nodeName(a), nodeName(b)));
  return first?.status === 'ready' ? first : undefined;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
