import { parseRedisUrl, redisName } from '../../../models/support/redis-url';

const server = { kind: 'server', host: 'host', port: 6379, db: 0, isTls: false };
const twoHosts = (port: number) => [
  { host: 'a', port },
  { host: '::1', port: 7 },
];

describe('parseRedisUrl', () => {
  it.each([
    ['redis://host', server],
    ['REDISS://host:1/2', { ...server, port: 1, db: 2, isTls: true }],
    ['redis://[::1]:7000/', { ...server, host: '::1', port: 7000 }],
    ['redis://:p%40%2F@host', { ...server, password: 'p@/' }],
    ['redis://u%3A:p@host', { ...server, username: 'u:', password: 'p' }],
    ['redis://u:p@ss:word@host', { ...server, username: 'u', password: 'p@ss:word' }],
    ['rediss://host?ca=/etc/a%20b+c.pem', { ...server, isTls: true, tlsFiles: { ca: '/etc/a b+c.pem' } }],
    ['rediss://host/?cert=c&key=k', { ...server, isTls: true, tlsFiles: { cert: 'c', key: 'k' } }],
  ])('reads %s as one server', (url, address) => {
    expect(parseRedisUrl(url)).toEqual(address);
  });

  it('reads sentinels with the name of their master', () => {
    const address = { kind: 'sentinel', hosts: twoHosts(26379), master: 'my.master-1', isTls: false };
    expect(parseRedisUrl('redis+sentinel://a,[::1]:7/my.master-1')).toEqual({ ...address, db: 0 });
    expect(parseRedisUrl('rediss+sentinel://u:p@a,[::1]:7/my.master-1/3?ca=x')).toEqual({
      ...address,
      ...{ db: 3, isTls: true, username: 'u', password: 'p', tlsFiles: { ca: 'x' } },
    });
  });

  it.each(['', '/', '/0'])('reads the nodes of a cluster, ending with %j', (path) => {
    const address = { kind: 'cluster', hosts: twoHosts(6379), isTls: false };
    expect(parseRedisUrl(`redis+cluster://a,[::1]:7${path}`)).toEqual(address);
  });

  it.each([
    '',
    'host:6379',
    'http://host',
    'redis://',
    'redis://host/name',
    'redis://host/1?x=1',
    'redis://host/1#x',
    'redis://host:x',
    'redis://host:0',
    'redis://host:65536',
    'redis://[::g]',
    'redis://a,b',
    'redis+sentinel://a',
    'redis+sentinel://a,/m',
    'redis+sentinel://a/m/x',
    'redis+sentinel://a/m%20x',
    'redis+cluster://a/1',
    'redis+cluster://a,,b',
    'redis+other://a',
  ])('refuses %j', (url) => {
    expect(parseRedisUrl(url)).toBeUndefined();
  });

  it.each(['ca=x', ''])('refuses the query %j without TLS', (query) => {
    expect(parseRedisUrl(`redis://host?ca=${query}`)).toBeUndefined();
    expect(parseRedisUrl(`redis+cluster://host?${query}`)).toBeUndefined();
  });

  it.each(['', 'ca', 'ca=', 'ca=a&ca=b', 'ca=a&x=y', 'cert=c', 'key=k', 'ca=%zz'])(
    'refuses the query %j',
    (query) => {
      expect(parseRedisUrl(`rediss://host?${query}`)).toBeUndefined();
    },
  );

  it.each(['redis://user@host', 'redis://u:%zz@host', 'redis://u:a b@host', 'redis+cluster://user@a,b'])(
    'refuses the credentials of %j',
    (url) => {
      expect(parseRedisUrl(url)).toBeUndefined();
    },
  );
});

describe('redisName', () => {
  it.each([
    ['rediss://u:secret@[::1]:7/2?ca=/secret.pem', 'rediss://[::1]:7/2'],
    ['redis://h', 'redis://h:6379'],
    ['redis+sentinel://u:secret@a,b:1/m/2', 'redis+sentinel://a:26379,b:1/m/2'],
    ['rediss+cluster://:secret@a,b?ca=/secret.pem', 'rediss+cluster://a:6379,b:6379'],
  ])('names %s without credentials', (url, name) => {
    expect(redisName(parseRedisUrl(url)!)).toBe(name);
  });
});
