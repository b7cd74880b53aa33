import { parseRedisUrl, redisName } from '../../../models/support/redis-url';

describe('parseRedisUrl', () => {
  it.each([
    ['redis://host', { host: 'host', port: 6379, db: 0, isTls: false }],
    ['rediss://host:1/2', { host: 'host', port: 1, db: 2, isTls: true }],
    ['redis://[::1]:7000/', { host: '::1', port: 7000, db: 0, isTls: false }],
    ['redis://:p%40%2F@host', { host: 'host', port: 6379, db: 0, isTls: false, password: 'p@/' }],
    ['redis://u%3A:p@host', { host: 'host', port: 6379, db: 0, isTls: false, username: 'u:', password: 'p' }],
  ])('reads %s', (url, address) => {
    expect(parseRedisUrl(url)).toEqual(address);
  });

  it.each([
    '',
    'host:6379',
    'http://host',
    'redis://',
    'redis://host/name',
    'redis://host/1?x=1',
    'redis://host:x',
  ])('refuses %j', (url) => {
    expect(parseRedisUrl(url)).toBeUndefined();
  });

  it.each(['redis://user@host', 'redis://u:%zz@host', 'redis://u:a b@host'])(
    'refuses the credentials of %j',
    (url) => {
      expect(parseRedisUrl(url)).toBeUndefined();
    },
  );

  it('names an address without credentials', () => {
    expect(redisName(parseRedisUrl('rediss://u:secret@[::1]:7/2')!)).toBe('rediss://[::1]:7/2');
    expect(redisName(parseRedisUrl('redis://h')!)).toBe('redis://h:6379');
  });
});
