import { connect as connectPlain, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { AbstractConnector, Cluster, Redis } from 'ioredis';
import type { RedisOptions as ClientOptions } from 'ioredis';
import { PipelineError } from '../domain/errors';
import type { RedisClient } from './redis-client';
import { createErrorReporter, isVague } from './redis-errors';
import { endingAtOnce } from './redis-cluster-end';
import { retryDelayMs } from './redis-retry';
import { findMaster } from './redis-sentinel';
import { readTlsFiles } from './redis-tls';
import { parseRedisUrl, redisName } from './redis-url';
import { redisUrlFault } from './redis-url-fault';
import type { RedisClusterAddress, RedisHost, RedisSentinelAddress, RedisServerAddress } from './redis-url';

export { checkRedis } from './redis-check';
export type { RedisFacts } from './redis-check';
export type { RedisClient } from './redis-client';
export { toRedisError } from './redis-errors';
export { retryDelayMs } from './redis-retry';
export { waitForRedis } from './redis-wait';

export interface RedisOptions {
  /** One server, Sentinels or a cluster, as `parseRedisUrl` reads it. */
  readonly url: string;
  /**
   * `producer`: a command fails at once while the connection is down, and its caller decides. `consumer`: a command waits
   * until the connection is back, as blocking reads and BullMQ workers need, and may then be sent a second time.
   */
  readonly role: 'producer' | 'consumer';
  /** What the connection is for; shown by `CLIENT LIST` as `sightline-<purpose>-<pid>`. */
  readonly purpose: string;
  /**
   * A server that owes a reply for so long is taken for dead, and the connection made anew. Default 5000 for producers and
   * 30,000 for consumers, whose blocking reads must ask for less.
   */
  readonly replyTimeoutMs?: number;
  /** For `rediss`, over what the URL's files say. */
  readonly tls?: ConnectionOptions;
  /** Hears of broken connections and failed attempts, of the same fault at most once a second. */
  readonly onError?: (error: PipelineError) => void;
}

/** ioredis waits so long for the end of a connection, also of one that is long gone, and keeps the process alive. */
const DISCONNECT_TIMEOUT_MS = 100;
const CONNECT_TIMEOUT_MS = 5000;
/** A sentinel or node that takes longer is passed over for the next. */
const LOOKUP_TIMEOUT_MS = 2000;
const PRODUCER_REPLY_TIMEOUT_MS = 5000;
const CONSUMER_REPLY_TIMEOUT_MS = 30_000;

/**
 * The only constructor of Redis connections. Connects at once and again for ever, every 50 ms to 1 s, also to another
 * master or node when there was a failover; errors go to `onError` and never end the process. Throws a PipelineError `config`
 * for what is no Redis URL and for PEM files that cannot be read.
 *
 * BullMQ may duplicate the client. Await `waitForRedis` before you give it a producer: it gives up on its first failure.
 */
export function createRedis(options: RedisOptions): RedisClient {
  const address = parseRedisUrl(options.url);
  if (address === undefined) {
    throw new PipelineError(
      'config',
      'Redis URL: expected redis://host:6379/0, redis+sentinel://host:26379,…/master or redis+cluster://host:6379,…, ' +
        'with rediss for TLS, user and password percent-encoded, got ' +
        (redisUrlFault(options.url) ?? 'another text'),
    );
  }
  const tls = address.isTls ? { ...readTlsFiles(address.tlsFiles ?? {}), ...options.tls } : undefined;
  const report = createErrorReporter(redisName(address), options.onError);
  const reportClear = (error: unknown) => isVague(error) || report(error);
  switch (address.kind) {
    case 'server':
      return connectToServer(address, tls, options).on('error', report);
    case 'sentinel':
      return connectThroughSentinels(address, tls, options).on('error', report);
    case 'cluster':
      return connectToCluster(address, tls, options).on('error', reportClear).on('node error', reportClear);
  }
}

/** Settings that the three kinds share. */
function sharedOptions(
  { username, password }: { readonly username?: string; readonly password?: string },
  { role, purpose, replyTimeoutMs }: RedisOptions,
) {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    connectionName: `sightline-${purpose}-${String(process.pid)}`,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    ...(role === 'producer'
      ? {
          maxRetriesPerRequest: 0,
          // A resent command could pass others that were given up: the caller, who knows the order, repeats.
          autoResendUnfulfilledCommands: false,
          socketTimeout: replyTimeoutMs ?? PRODUCER_REPLY_TIMEOUT_MS,
        }
      : { maxRetriesPerRequest: null, socketTimeout: replyTimeoutMs ?? CONSUMER_REPLY_TIMEOUT_MS }),
  } satisfies ClientOptions;
}

/** Refusals that follow each other within this are of one server that stays a replica. */
const READONLY_STREAK_MS = 3000;

/**
 * A master that became a replica refuses writes: what takes its place is found by connecting again, with growing delays, since
 * each connection counts as a success to ioredis.
 */
function singleOptions({ role }: RedisOptions) {
  let streak = 0;
  let refusedMs = -Infinity;
  const isRefused = () => performance.now() - refusedMs < READONLY_STREAK_MS;
  return {
    retryStrategy: (attempt: number) => retryDelayMs(Math.max(attempt, isRefused() ? streak : 1)),
    enableOfflineQueue: role === 'consumer',
    reconnectOnError(error: Error) {
      if (!/^READONLY |-READONLY /.test(error.message)) return false;
      streak = isRefused() ? streak + 1 : 1;
      refusedMs = performance.now();
      return role === 'consumer' ? 2 : 1;
    },
  } satisfies ClientOptions;
}

function connectToServer(
  address: RedisServerAddress,
  tls: ConnectionOptions | undefined,
  options: RedisOptions,
): Redis {
  const { host, port, db } = address;
  return new Redis({
    ...{ host, port, db },
    ...sharedOptions(address, options),
    ...singleOptions(options),
    // Names alone may be sent for SNI (RFC 6066).
    ...(tls !== undefined && { tls: { ...(isIP(host) === 0 && { servername: host }), ...tls } }),
  });
}

function connectThroughSentinels(
  address: RedisSentinelAddress,
  tls: ConnectionOptions | undefined,
  options: RedisOptions,
): Redis {
  return new Redis({
    db: address.db,
    ...sharedOptions(address, options),
    ...singleOptions(options),
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...(tls !== undefined && { tls }),
    Connector: masterConnector(address, tls),
  });
}

/**
 * How a client reaches the master: asks the sentinels each time it connects, until one knows. The connector of ioredis 6 keeps
 * why a sentinel could not be asked to itself, and cannot log in to some sentinels only.
 */
function masterConnector(address: RedisSentinelAddress, tls: ConnectionOptions | undefined) {
  return class extends AbstractConnector {
    #stopped = new AbortController();

    constructor() {
      super(DISCONNECT_TIMEOUT_MS);
    }

    override async connect(emit: (type: string, error: Error) => void) {
      this.connecting = true;
      this.#stopped = new AbortController();
      const { signal } = this.#stopped;
      const target = await this.#masterHost(emit, signal);
      if (signal.aborted) throw new Error('Connection is closed.');
      this.stream = openStream(target, tls);
      this.stream.once('error', (error: Error) => (this.firstError = error));
      return this.stream;
    }

    override disconnect(): void {
      this.#stopped.abort();
      super.disconnect();
    }

    /** Sentinels may not yet know that the master they name has become a replica. */
    override check({ role }: { readonly role?: string }): boolean {
      return role === undefined || role === 'master';
    }

    async #masterHost(emit: (type: string, error: Error) => void, signal: AbortSignal) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await findMaster(
            address,
            (host, credentials) =>
              new Redis({
                ...host,
                ...credentials,
                ...(tls !== undefined && { tls }),
                connectionName: `sightline-sentinel-${String(process.pid)}`,
                lazyConnect: true,
                retryStrategy: null,
                enableReadyCheck: false,
                disconnectTimeout: DISCONNECT_TIMEOUT_MS,
                connectTimeout: LOOKUP_TIMEOUT_MS,
                commandTimeout: LOOKUP_TIMEOUT_MS,
              }),
          );
        } catch (error) {
          if (!signal.aborted) emit('error', error as Error);
          await delay(retryDelayMs(attempt), undefined, { signal }).catch(() => undefined);
          if (signal.aborted) throw new Error('Connection is closed.', { cause: error });
        }
      }
    }
  };
}

function connectToCluster(
  address: RedisClusterAddress,
  tls: ConnectionOptions | undefined,
  options: RedisOptions,
): Cluster {
  let isEnded = false;
  const cluster: Cluster = new Cluster([...address.hosts], {
    redisOptions: {
      ...sharedOptions(address, options),
      connectTimeout: CONNECT_TIMEOUT_MS,
      ...(tls !== undefined && { tls }),
      Connector: nodeConnector(tls, (error) => isEnded || cluster.emit('node error', error)),
    },
    clusterRetryStrategy: retryDelayMs,
    // With ioredis 6 a `connect()` whose ready check fails never settles, and a BullMQ worker would wait for it for ever. Nodes
    // of a cluster that is down refuse commands anyway.
    enableReadyCheck: false,
    slotsRefreshTimeout: LOOKUP_TIMEOUT_MS,
    // Certificates are checked against the name that was asked for, not against the address behind it.
    dnsLookup: (host, done) => done(null, host),
    ...(options.role === 'producer'
      ? {
          enableOfflineQueue: false,
          retryDelayOnFailover: 0,
          retryDelayOnClusterDown: 0,
          maxRedirections: 5,
        }
      : {
          maxRedirections: Infinity,
          // Without a pause two nodes that each name the other would keep a command going round.
          retryDelayOnMoved: 50,
        }),
  });
  // ioredis connects to a node with its first command, and a producer's second would fail meanwhile. Only nodes that were
  // connected tell that the whole cluster is gone.
  const connectNodes = () => {
    if (cluster.status !== 'ready') return;
    for (const node of cluster.nodes()) if (node.status === 'wait') node.connect().catch(() => undefined);
  };
  cluster.on('ready', connectNodes).on('+node', () => setImmediate(connectNodes));
  cluster.on('end', () => (isEnded = true)).on('connecting', () => (isEnded = false));
  return endingAtOnce(cluster);
}

/** How a cluster's client reaches one node. That of ioredis 6 hides why it could not ask a node for the others. */
function nodeConnector(tls: ConnectionOptions | undefined, onError: (error: Error) => void) {
  return class extends AbstractConnector {
    readonly #target: RedisHost;

    constructor(options: unknown) {
      super(DISCONNECT_TIMEOUT_MS);
      const { host, port } = options as RedisHost;
      this.#target = { host, port };
    }

    override connect() {
      this.connecting = true;
      this.stream = openStream(this.#target, tls);
      this.stream.once('error', (error: Error) => {
        this.firstError = error;
        onError(error);
      });
      return Promise.resolve(this.stream);
    }
  };
}

function openStream(target: RedisHost, tls: ConnectionOptions | undefined): Socket | TLSSocket {
  return tls === undefined ? connectPlain({ ...target }) : connectTls({ ...target, ...tls });
}
