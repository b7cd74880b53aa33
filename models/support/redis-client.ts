import type { Cluster, Redis } from 'ioredis';

export type { Redis } from 'ioredis';

/**
 * A connection to Redis: to one server, to the master that Sentinels name, or to a cluster. Commands, pipelines, events,
 * `status` and `disconnect` are used without asking which; `duplicate` alone differs.
 */
export type RedisClient = Redis | Cluster;

/** Connections to everything that takes writes: the one server, or each master of a cluster as far as it is known. */
export function mastersOf(client: RedisClient): readonly Redis[] {
  return 'nodes' in client ? client.nodes('master') : [client];
}

/** `host:port` of a master of a cluster. */
export function nodeName({ options }: Redis): string {
  return `${options.host ?? ''}:${String(options.port ?? '')}`;
}
