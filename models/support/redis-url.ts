/** Where a Redis server is and who asks. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly isTls: boolean;
  readonly username?: string;
  readonly password?: string;
}

const DEFAULT_PORT = 6379;

/**
 * Reads `redis[s]://[[user]:password@]host[:port][/db]`, credentials percent-decoded; undefined when the text is no such
 * URL. A user name alone (`redis://name@host`) is none: Redis has no users without passwords.
 */
export function parseRedisUrl(text: string): RedisAddress | undefined {
  if (/\s/.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const db = /^\/?(\d{0,5})$/.exec(url.pathname)?.[1];
  const isRedis = url.protocol === 'redis:' || url.protocol === 'rediss:';
  if (!isRedis || url.hostname === '' || db === undefined || url.search !== '' || url.hash !== '')
    return undefined;
  if (url.username !== '' && url.password === '') return undefined;
  try {
    return {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? DEFAULT_PORT : Number(url.port),
      db: Number(db),
      isTls: url.protocol === 'rediss:',
      ...(url.username !== '' && { username: decodeURIComponent(url.username) }),
      ...(url.password !== '' && { password: decodeURIComponent(url.password) }),
    };
  } catch {
    // A "%" that starts no escape.
    return undefined;
  }
}

/** The address for people: scheme, host, port and database, never a credential. */
export function redisName({ host, port, db, isTls }: RedisAddress): string {
  const shownHost = host.includes(':') ? `[${host}]` : host;
  return `${isTls ? 'rediss' : 'redis'}://${shownHost}:${String(port)}${db === 0 ? '' : `/${String(db)}`}`;
}
