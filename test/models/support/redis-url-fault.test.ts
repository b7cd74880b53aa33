import fc from 'fast-check';
import { parseRedisUrl } from '../../../models/support/redis-url';
import { redisUrlFault } from '../../../models/support/redis-url-fault';

describe('redisUrlFault', () => {
  it.each([
    ['', 'an empty text'],
    ['redis://my host', 'a text with spaces or control characters'],
    ['localhost:6379', 'a text that does not begin with redis:// or rediss://'],
    ['http://localhost:6379', 'a URL that begins with http://'],
    [
      'redis://:a/b@host',
      'a "/", "?" or "#" before the "@" (within a password they are written %2F, %3F and %23)',
    ],
    ['redis://:100%@host', 'a "%" that starts no escape (a "%" of a password is written %25)'],
    ['redis://name@host', 'a user without a password'],
    ['redis://', 'no host'],
    ['redis://a,b', 'more than one host (of a cluster: redis+cluster://, of sentinels: redis+sentinel://)'],
    ['redis://host:0', 'a port that is not 1 to 65535'],
    ['redis://host:', 'a port that is not 1 to 65535'],
    ['redis://host:70000', 'a port that is not 1 to 65535'],
    ['redis://host?ca=/x', 'settings after the "?", which rediss:// alone has'],
    ['rediss://host?cert=/x', 'settings after the "?" other than ca, cert and key (the last two together)'],
    ['redis+sentinel://host', 'no name of a master after the hosts (redis+sentinel://host:26379/master)'],
    ['redis+cluster://host/1', 'a database, which a cluster has not'],
    ['redis://host/first', 'a database that is no number (redis://host:6379/0)'],
    ['redis://ho!st', 'a host that cannot be one'],
  ])('says of %j: %s', (text, fault) => {
    expect(redisUrlFault(text)).toBe(fault);
  });

  it('finds a fault exactly where a text is no URL of ours, and repeats no password', () => {
    const part = fc.string({
      unit: fc.constantFrom('a', 'b', '0', ':', '/', '@', '?', '#', '%', ',', '[', ']', '.', ' '),
      maxLength: 12,
    });
    const schemes = fc.constantFrom('redis', 'rediss', 'redis+cluster', 'redis+sentinel', 'http');
    fc.assert(
      fc.property(schemes, part, part, (scheme, front, back) => {
        const text = `${scheme}://${front}:hunter2@${back}`;
        const fault = redisUrlFault(text);
        expect(fault === undefined).toBe(parseRedisUrl(text) !== undefined);
        expect(fault ?? '').not.toContain('hunter2');
      }),
    );
  });
});
