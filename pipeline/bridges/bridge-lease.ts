import { randomBytes } from 'node:crypto';
import { createRedisScript } from '../../models/support/redis-script';
import { createRedis, retryDelayMs, waitForRedis } from '../../models/support/redis';
import { pause } from '../client/shard';

/** How long others take a holder for alive that says nothing. */
const LEASE_MS = 10_000;
const RENEW_MS = 3000;
const TRY_MS = 1000;

/** KEYS: lease. ARGV: holder, ms. Takes or renews it; 1 when it is the holder's. */
const holdScript = createRedisScript(`
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`);

const releaseScript = createRedisScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`);

/** A function, since it changes while something is awaited and the compiler's narrowing does not see that. */
export const isOver = (signal: AbortSignal): boolean => signal.aborted;

export interface BridgeLeaseOptions {
  readonly url: string;
  readonly key: string;
  /** Ends it. */
  readonly closing: AbortSignal;
  /** Does the work for as long as the lease is held: until `signal` is aborted. */
  readonly whileHeld: (signal: AbortSignal) => Promise<void>;
  /** Another process has it. */
  readonly onTaken: () => void;
}

/**
 * Runs the work in one process at a time: two consumers of a group would tear apart the order of a camera's events. A holder
 * that dies is replaced after 10 s; one that lost Redis goes on until it is known that another took over, since then nobody
 * reads at all. Resolves when it is closed, after the work.
 */
export async function holdLease({
  url,
  key,
  closing,
  whileHeld,
  onTaken,
}: BridgeLeaseOptions): Promise<void> {
  const client = createRedis({ url, role: 'producer', purpose: 'bridge-lease' });
  const holder = randomBytes(9).toString('hex');
  const hold = async () => {
    await waitForRedis(client, key, TRY_MS);
    return (await holdScript.run(client, [key], [holder, LEASE_MS])) === 1;
  };

  /** Renews it until it is over, and tells when another has it. */
  async function keep(over: AbortSignal, onLost: () => void): Promise<void> {
    for (let failures = 0; !over.aborted;) {
      await pause(failures > 0 ? Math.min(RENEW_MS, retryDelayMs(failures)) : RENEW_MS, over);
      if (isOver(over)) return;
      try {
        if (await hold()) failures = 0;
        else onLost();
      } catch {
        failures++;
      }
    }
  }

  try {
    while (!closing.aborted) {
      const isMine = await hold().catch(() => undefined);
      if (isOver(closing)) break;
      if (isMine === false) onTaken();
      if (isMine !== true) {
        await pause(TRY_MS, closing);
        continue;
      }
      const over = new AbortController();
      const end = () => over.abort();
      closing.addEventListener('abort', end, { once: true });
      const keeping = keep(over.signal, end);
      await whileHeld(over.signal).finally(end);
      closing.removeEventListener('abort', end);
      await keeping;
    }
  } finally {
    if (client.status === 'ready') await releaseScript.run(client, [key], [holder]).catch(() => undefined);
    client.disconnect();
  }
}
