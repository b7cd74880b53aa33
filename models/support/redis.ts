import type { ConnectionOptions } from 'node:tls';
import { isNativeError } from 'node:util/types';
import { Redis } from 'ioredis';
import { PipelineError } from '../domain/errors';
import type { ErrorCode } from '../domain/errors';
import { parseRedisUrl, redisName } from './redis-url';

export interface RedisOptions {
  /** `redis[s]://[[user]:password@]host[:port][/db]`. */
  readonly url: string;
  /**
   * `producer`: a command fails at once while the connection is down, and its caller decides. `consumer`: a command waits
   * until the connection is back, as blocking reads and BullMQ workers need.
   */
  readonly role: 'producer' | 'consumer';
  /** What the connection is for; shown by `CLIENT LIST` as `sightline-<purpose>-<pid>`. */
  readonly purpose: string;
  /** A server that owes a reply for so long is taken for dead, and the connection made anew. Producers only; default 5000. */
  readonly replyTimeoutMs?: number;
  /** For `rediss`: an own certificate authority and the like. */
  readonly tls?: ConnectionOptions;
  /** Hears of every broken connection and failed attempt. */
  readonly onError?: (error: PipelineError) => void;
}

/** A connection to Redis. */
export type RedisClient = Redis;

const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 1000;

/** Delay before the n-th attempt to connect again, from 1. Growing, but short: events wait for it. */
export function retryDelayMs(attempt: number): number {
  return Math.min(RETRY_MIN_MS * 2 ** Math.min(attempt - 1, 10), RETRY_MAX_MS);
}

/**
 * The only constructor of Redis connections. Connects at once and again for ever, every 50 ms to 1 s; errors go to
 * `onError` and never end the process. Throws a PipelineError `config` for what is no Redis URL.
 */
export function createRedis(options: RedisOptions): RedisClient {
  const { role, purpose, replyTimeoutMs = 5000, tls, onError } = options;
  const address = parseRedisUrl(options.url);
  if (address === undefined) {
    throw new PipelineError(
      'config',
      'Redis URL: expected redis://host:6379/0 or rediss://…, user and password percent-encoded, got another text',
    );
  }
  const { host, port, db, isTls, username, password } = address;
  const client = new Redis({
    ...{ host, port, db, username, password },
    ...(isTls && { tls: { servername: host, ...tls } }),
    connectionName: `sightline-${purpose}-${String(process.pid)}`,
    retryStrategy: retryDelayMs,
    // ioredis waits so long for the end of a connection, also of one that is long gone, and keeps the process alive.
    disconnectTimeout: 100,
    ...(role === 'producer'
      ? {
          maxRetriesPerRequest: 0,
          enableOfflineQueue: false,
          // A resent command could pass others that were given up: the caller, who knows the order, repeats.
          autoResendUnfulfilledCommands: false,
          socketTimeout: replyTimeoutMs,
        }
      : { maxRetriesPerRequest: null }),
  });
  client.on('error', (error: unknown) => onError?.(toRedisError(error, redisName(address))));
  return client;
}

/** Connection faults by Node's code. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ETIMEDOUT: 'timeout',
};

/**
 * An error of ioredis as one of ours. The original is left out on purpose, also as `cause`: it carries the command it
 * answers, and the command that logs in carries the password.
 */
export function toRedisError(error: unknown, name: string): PipelineError {
  const message = isNativeError(error) ? error.message : String(error);
  const systemCode = isNativeError(error) && 'code' in error ? String(error.code) : '';
  if (/^(WRONGPASS|NOAUTH|NOPERM|ERR invalid password|ERR AUTH)/.test(message)) {
    return new PipelineError('auth', `${name}: expected to be let in, got ${message}`);
  }
  return new PipelineError(CODES[systemCode] ?? 'unknown', `${name}: expected an answer, got ${message}`);
}

/**
 * Resolves when the connection is ready. Rejects with the latest PipelineError when it is not within `timeoutMs`, and at
 * once when the server refuses the credentials or the connection was closed on purpose.
 */
export async function waitForRedis(client: RedisClient, name: string, timeoutMs: number): Promise<void> {
  if (client.status === 'ready') return;
  await new Promise<void>((resolve, reject) => {
    let latest = new PipelineError(
      'timeout',
      `${name}: expected a connection within ${timeoutMs} ms, got none`,
    );
    const timer = setTimeout(() => finish(latest), timeoutMs);
    const onReady = () => finish();
    const onError = (error: unknown) => {
      latest = toRedisError(error, name);
      if (latest.code === 'auth') finish(latest);
    };
    const onEnd = () => finish(latest);
    const finish = (error?: PipelineError) => {
      clearTimeout(timer);
      client.off('ready', onReady).off('error', onError).off('end', onEnd);
      if (error === undefined) resolve();
      else reject(error);
    };
    client.on('ready', onReady).on('error', onError).on('end', onEnd);
    if (client.status === 'end') onEnd();
  });
}

export interface RedisFacts {
  readonly version: string;
  readonly maxmemoryPolicy: string;
}

const VERSION_NEEDED = [6, 2] as const;

/**
 * Checks that the server can be trusted with events: version 6.2 or newer, and a memory policy that evicts nothing. Asks
 * `INFO`, since managed services often forbid `CONFIG`. Rejects with a PipelineError `config`, or what kept it from asking.
 */
export async function checkRedis(client: RedisClient, name: string): Promise<RedisFacts> {
  let info: string;
  try {
    info = `${await client.info('server')}\n${await client.info('memory')}`;
  } catch (error) {
    throw toRedisError(error, name);
  }
  const field = (key: string) => new RegExp(`^${key}:(.*?)\\s*$`, 'm').exec(info)?.[1] ?? 'unknown';
  const version = field('redis_version');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (!(major > VERSION_NEEDED[0] || (major === VERSION_NEEDED[0] && minor >= VERSION_NEEDED[1]))) {
    throw new PipelineError(
      'config',
      `${name}: expected Redis ${VERSION_NEEDED.join('.')} or newer, got ${version}`,
    );
  }
  const maxmemoryPolicy = field('maxmemory_policy');
  if (maxmemoryPolicy !== 'noeviction') {
    throw new PipelineError(
      'config',
      `${name}: expected maxmemory-policy noeviction, under which Redis keeps what it took, got ${maxmemoryPolicy}; ` +
        'set it with: redis-cli config set maxmemory-policy noeviction',
    );
  }
  return { version, maxmemoryPolicy };
}
