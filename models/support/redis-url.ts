import { isIPv6 } from 'node:net';

export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** PEM files by path, as the query of a TLS URL names them. */
export interface RedisTlsFiles {
  /** The authority that signed the server's certificate. */
  readonly ca?: string;
  /** The certificate this side shows, and its key: both or neither. */
  readonly cert?: string;
  readonly key?: string;
}

interface RedisAccess {
  readonly isTls: boolean;
  readonly tlsFiles?: RedisTlsFiles;
  readonly username?: string;
  readonly password?: string;
}

/** One server. */
export interface RedisServerAddress extends RedisAccess, RedisHost {
  readonly kind: 'server';
  readonly db: number;
}

/** Sentinels, which know where the master of that name is. */
export interface RedisSentinelAddress extends RedisAccess {
  readonly kind: 'sentinel';
  readonly hosts: readonly RedisHost[];
  readonly master: string;
  readonly db: number;
}

/** Some nodes of a cluster, which know the others. A cluster has no databases. */
export interface RedisClusterAddress extends RedisAccess {
  readonly kind: 'cluster';
  readonly hosts: readonly RedisHost[];
}

/** Where Redis is and who asks. */
export type RedisAddress = RedisServerAddress | RedisSentinelAddress | RedisClusterAddress;

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26379;

/** Scheme, kind, user and password, hosts, path, query. The last "@" ends the credentials, which may hold others. */
const REDIS_URL =
  /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^/?#]*)@)?([^/?#@]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/i;

/** What Sentinel takes for the name of a master. */
const MASTER_AND_DB = /^([\w.-]{1,100})(?:\/(\d{0,5}))?$/;

/**
 * Reads, with credentials and paths percent-decoded,
 * - `redis://[[user]:password@]host[:6379][/db]`,
 * - `redis+sentinel://[[user]:password@]host[:26379],…/master[/db]`,
 * - `redis+cluster://[[user]:password@]host[:6379],…`,
 *
 * each with `rediss` for TLS, which may name PEM files: `?ca=…&cert=…&key=…`. Undefined when the text is no such URL. A
 * user name alone (`redis://name@host`) is none: Redis has no users without passwords.
 */
export function parseRedisUrl(text: string): RedisAddress | undefined {
  const parts = /[\s\p{Cc}]/u.test(text) ? null : REDIS_URL.exec(text);
  if (parts === null) return undefined;
  const [, scheme = '', kind = 'server', userinfo = '', authority = '', path = '', query] = parts;
  const isTls = scheme.toLowerCase() === 'rediss';
  const credentials = parseCredentials(userinfo);
  const tlsFiles = query === undefined ? {} : isTls ? parseTlsFiles(query) : undefined;
  if (credentials === undefined || tlsFiles === undefined) return undefined;
  const access = { isTls, ...credentials, ...(query !== undefined && { tlsFiles }) };
  switch (kind.toLowerCase()) {
    case 'sentinel': {
      const hosts = parseHosts(authority, SENTINEL_PORT);
      const [, master, db] = MASTER_AND_DB.exec(path) ?? [];
      if (hosts === undefined || master === undefined) return undefined;
      return { kind: 'sentinel', hosts, master, db: Number(db ?? 0), ...access };
    }
    case 'cluster': {
      const hosts = parseHosts(authority, REDIS_PORT);
      return hosts === undefined || !/^0?$/.test(path) ? undefined : { kind: 'cluster', hosts, ...access };
    }
    default: {
      const host = parseHost(authority, REDIS_PORT);
      if (host === undefined || !/^\d{0,5}$/.test(path)) return undefined;
      return { kind: 'server', ...host, db: Number(path), ...access };
    }
  }
}

function parseCredentials(userinfo: string): Pick<RedisAccess, 'username' | 'password'> | undefined {
  const [, encodedUser = '', encodedPassword = ''] = /^([^:]*)(?::(.*))?$/.exec(userinfo) ?? [];
  const username = percentDecoded(encodedUser);
  const password = percentDecoded(encodedPassword);
  if (username === undefined || password === undefined) return undefined;
  if (password === '') return username === '' ? {} : undefined;
  return { ...(username !== '' && { username }), password };
}

function parseTlsFiles(query: string): RedisTlsFiles | undefined {
  const files: { ca?: string; cert?: string; key?: string } = {};
  for (const pair of query.split('&')) {
    const [, name, encoded = ''] = /^(ca|cert|key)=(.*)$/.exec(pair) ?? [];
    const path = percentDecoded(encoded);
    if (name === undefined || path === undefined || path === '') return undefined;
    const key = name as keyof RedisTlsFiles;
    if (files[key] !== undefined) return undefined;
    files[key] = path;
  }
  return (files.cert === undefined) === (files.key === undefined) ? files : undefined;
}

function parseHosts(authority: string, defaultPort: number): readonly RedisHost[] | undefined {
  const hosts = authority.split(',').flatMap((part) => parseHost(part, defaultPort) ?? []);
  return hosts.length === authority.split(',').length ? hosts : undefined;
}

function parseHost(text: string, defaultPort: number): RedisHost | undefined {
  const [, ipv6, name, digits] = /^(?:\[([^\]]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const port = digits === undefined ? defaultPort : Number(digits);
  const host = ipv6 !== undefined && isIPv6(ipv6) ? ipv6 : name;
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // A "%" that starts no escape.
    return undefined;
  }
}

/** The address for people: scheme, hosts, master and database, never a credential. */
export function redisName(address: RedisAddress): string {
  const scheme = address.isTls ? 'rediss' : 'redis';
  switch (address.kind) {
    case 'server':
      return `${scheme}://${hostName(address)}${databaseName(address.db)}`;
    case 'sentinel':
      return `${scheme}+sentinel://${hostNames(address.hosts)}/${address.master}${databaseName(address.db)}`;
    case 'cluster':
      return `${scheme}+cluster://${hostNames(address.hosts)}`;
  }
}

function hostNames(hosts: readonly RedisHost[]): string {
  return hosts.map(hostName).join(',');
}

function hostName({ host, port }: RedisHost): string {
  return `${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
}

function databaseName(db: number): string {
  return db === 0 ? '' : `/${String(db)}`;
}
