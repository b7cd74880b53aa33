import { parseRedisUrl } from './redis-url';

/** Schemes of `parseRedisUrl`. */
const SCHEME = /^rediss?(?:\+(sentinel|cluster))?$/;

/**
 * What keeps a text from being a Redis URL, in words that follow "got"; undefined for one that is. Repeats nothing of the
 * text but its scheme, since any other part may be a password.
 */
export function redisUrlFault(text: string): string | undefined {
  if (parseRedisUrl(text) !== undefined) return undefined;
  if (text === '') return 'an empty text';
  if (/[\s\p{Cc}]/u.test(text)) return 'a text with spaces or control characters';
  const scheme = /^([a-z][a-z0-9+.-]{0,30}):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return 'a text that does not begin with redis:// or rediss://';
  const [, kind] = SCHEME.exec(scheme) ?? [undefined, undefined];
  if (!SCHEME.test(scheme)) return `a URL that begins with ${scheme}://`;
  const rest = text.slice(text.indexOf('://') + '://'.length);
  return credentialFault(rest) ?? addressFault(rest.slice(rest.lastIndexOf('@') + 1), scheme, kind);
}

function credentialFault(rest: string): string | undefined {
  const end = rest.lastIndexOf('@');
  const userinfo = rest.slice(0, Math.max(0, end));
  if (/[/?#]/.test(userinfo)) {
    return 'a "/", "?" or "#" before the "@" (within a password they are written %2F, %3F and %23)';
  }
  try {
    decodeURIComponent(userinfo);
  } catch {
    return 'a "%" that starts no escape (a "%" of a password is written %25)';
  }
  return end > 0 && !/:./.test(userinfo) ? 'a user without a password' : undefined;
}

function addressFault(address: string, scheme: string, kind: string | undefined): string {
  const [, hosts = '', path = '', query] = /^([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?/.exec(address) ?? [];
  const ports = hosts.split(',').flatMap((host) => /:(\d*)$/.exec(host)?.[1] ?? []);
  if (hosts === '') return 'no host';
  if (kind === undefined && hosts.includes(',')) {
    return `more than one host (of a cluster: ${scheme}+cluster://, of sentinels: ${scheme}+sentinel://)`;
  }
  if (ports.some((port) => !(Number(port) >= 1 && Number(port) <= 65_535)))
    return 'a port that is not 1 to 65535';
  if (query !== undefined) {
    return scheme.startsWith('rediss')
      ? 'settings after the "?" other than ca, cert and key (the last two together)'
      : 'settings after the "?", which rediss:// alone has';
  }
  if (kind === 'sentinel') return 'no name of a master after the hosts (redis+sentinel://host:26379/master)';
  if (kind === 'cluster' && path !== '') return 'a database, which a cluster has not';
  return path === '' ? 'a host that cannot be one' : 'a database that is no number (redis://host:6379/0)';
}
