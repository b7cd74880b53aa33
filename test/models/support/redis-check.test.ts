import { readRedisFacts } from '../../../models/support/redis-check';

const info = (version: string, policy?: string) =>
  `# Server\r\nredis_version:${version}\r\nos:Linux\r\n# Memory\r\nused_memory:1\r\n` +
  (policy === undefined ? '' : `maxmemory_policy:${policy}\r\n`);

describe('readRedisFacts', () => {
  it.each(['6.2.0', '6.2', '7.0.15', '10.1.0'])('accepts version %s', (version) => {
    expect(readRedisFacts(info(version, 'noeviction'), 'r')).toEqual({
      version,
      maxmemoryPolicy: 'noeviction',
    });
  });

  it.each(['6.0.16', '5.0.7', '2.8', ''])('refuses version %j', (version) => {
    expect(() => readRedisFacts(info(version, 'noeviction'), 'r')).toThrow(
      `config: r: expected Redis 6.2 or newer, got ${version}`,
    );
  });

  it('refuses a server that tells no version', () => {
    expect(() => readRedisFacts('# Server\r\n', 'r')).toThrow('got unknown');
  });

  it('accepts a hosted server that does not tell its policy', () => {
    expect(readRedisFacts(info('7.2.4'), 'r')).toEqual({ version: '7.2.4', maxmemoryPolicy: 'unknown' });
  });

  it('refuses a policy that evicts', () => {
    expect(() => readRedisFacts(info('7.2.4', 'volatile-lru'), 'r')).toThrow(
      'expected maxmemory-policy noeviction, under which Redis keeps what it took, got volatile-lru',
    );
  });
});
