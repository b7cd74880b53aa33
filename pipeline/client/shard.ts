import { isNativeError } from 'node:util/types';
import { PipelineError } from '../../models/domain/errors';
import type { Keys } from '../../models/domain/keys';
import { retryDelayMs, toRedisError, waitForRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import type { EntryDelivery } from './decode';
import type { Flow } from './flow';
import type { ResolvedOptions } from './options';
import type { Position } from './position';
import type { Gap } from './types';

/** An item on its way to the consumer. */
export type Handed = EntryDelivery | { readonly gap: Gap; readonly position?: Position | undefined };

/** What the reader of one shard works with. */
export interface ShardContext {
  readonly shard: number;
  readonly key: string;
  readonly keys: Keys;
  /** For messages. */
  readonly name: string;
  /** Reading blocks it. */
  readonly reading: RedisClient;
  readonly commands: RedisClient;
  readonly options: ResolvedOptions;
  /** Where this shard begins; undefined: as the options say, for all shards that were there at the start. */
  readonly begin: Position | undefined;
  readonly flow: Flow;
  readonly hand: (item: Handed) => void;
  readonly count: (what: 'delivered' | 'acknowledged' | 'deadLetters' | 'duplicates', by?: number) => void;
  /** Aborted when the subscription is closed. */
  readonly closing: AbortSignal;
  /** Ends the subscription: Redis refuses what no second attempt mends. */
  readonly fail: (error: PipelineError) => void;
}

/** One way to read a shard. Both reject with the error of ioredis when the connection breaks. */
export interface ShardReader {
  /** After each connection that was made. */
  begin(): Promise<void>;
  /** Reads once; waits a while when there is nothing. */
  read(): Promise<void>;
  /** True when it is to end and has read all that was there. */
  readonly isDone: boolean;
}

/** How long a read waits for something to come; below what counts as a server that is gone. */
export const BLOCK_MS = 2000;
const CONNECT_MS = 2000;

/**
 * Reads a shard until the subscription is closed, or to its end where that is asked for, through every outage. `onBegun` is called when it reads for the first
 * time. Rejects with a PipelineError when Redis refuses what no second attempt mends.
 */
export async function keepReading(
  context: ShardContext,
  reader: ShardReader,
  onBegun: () => void,
): Promise<void> {
  const { reading, commands, name, closing, options } = context;
  // A read of ioredis 6 that is under way while its client is closed between two connections never settles.
  const closed = new Promise<void>((resolve) =>
    closing.addEventListener('abort', () => resolve(), { once: true }),
  );
  const orClosed = (work: Promise<void>) => Promise.race([work, closed]);
  // A function, since it changes while a read is awaited and the compiler's narrowing does not see that.
  const isClosing = (): boolean => closing.aborted;
  let isBegun = false;
  let attempt = 0;
  while (!isClosing() && !reader.isDone) {
    try {
      await orClosed(
        Promise.all(
          [reading, commands].map((client) => waitForRedis(client, name, CONNECT_MS, closing)),
        ).then(() => undefined),
      );
      if (!isBegun && !isClosing()) {
        await orClosed(reader.begin());
        isBegun = true;
        onBegun();
      }
      if (!isClosing()) await orClosed(reader.read());
      attempt = 0;
    } catch (error) {
      if (isClosing()) return;
      const refusal = refusalIn(error, name);
      if (refusal !== undefined) throw refusal;
      isBegun = false;
      options.onTrouble(error instanceof PipelineError ? error : toRedisError(error, name));
      await orClosed(pause(retryDelayMs(++attempt), closing));
    }
  }
}

/**
 * What no second attempt mends, if the error is such: credentials, permissions, a key of another type, a server without these
 * commands.
 */
export function refusalIn(error: unknown, name: string): PipelineError | undefined {
  if (error instanceof PipelineError)
    return error.code === 'auth' || error.code === 'config' ? error : undefined;
  if (!isNativeError(error)) return undefined;
  if (/\b(NOAUTH|WRONGPASS|NOPERM)\b/.test(error.message)) return toRedisError(error, name);
  if (/\bWRONGTYPE\b/.test(error.message))
    return new PipelineError('sink', `${name}: expected a stream of events, got a key of another type`);
  if (/unknown (redis )?command|wrong number of arguments|syntax error/i.test(error.message))
    return new PipelineError('sink', `${name}: expected Redis 6.2 or newer, got ${error.message}`);
  return undefined;
}

/** Resolves after the delay, or when it is aborted; at once when it was before. */
export function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const timer = setTimeout(finish, delayMs);
    signal.addEventListener('abort', finish, { once: true });
    function finish(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    }
  });
}
