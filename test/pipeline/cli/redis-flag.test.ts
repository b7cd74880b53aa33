import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { redisUrlFlag, requiredQueueUrl } from '../../../pipeline/cli/redis-flag';
import { tempFolder } from '../../support/temp-folder';

describe('redisUrlFlag', () => {
  const folder = tempFolder();

  it('takes a URL, or a file that holds one', () => {
    const path = join(folder, 'url');
    writeFileSync(path, 'redis://user:p%40ss@host:6379/2\n');
    expect(redisUrlFlag('--queue', 'redis://host')).toBe('redis://host');
    expect(redisUrlFlag('--queue', `file:${path}`)).toBe('redis://user:p%40ss@host:6379/2');
    expect(redisUrlFlag('--queue', `file://${path}`)).toBe('redis://user:p%40ss@host:6379/2');
  });

  it('names the flag and says what it expected, but never what may be a password', () => {
    expect(() => redisUrlFlag('--queue', 'redis://:s3cret pass@host')).toThrow(
      '--queue: expected redis://host:6379, rediss://… or file:/path of a file with such a URL, got a text with spaces or control characters',
    );
    expect(() => redisUrlFlag('--events', 'file:/no/such')).toThrow(
      '--events: expected a file with a Redis URL at /no/such, got no such file',
    );
  });
});

describe('requiredQueueUrl', () => {
  it('takes the flag before the environment, and says how to give one', () => {
    const env = { SIGHTLINE_REDIS_URL: 'redis://from-env' };
    expect(requiredQueueUrl('worker', 'redis://from-flag', env)).toBe('redis://from-flag');
    expect(requiredQueueUrl('worker', undefined, env)).toBe('redis://from-env');
    expect(() => requiredQueueUrl('worker', undefined, {})).toThrow(
      'worker: expected --queue redis://host:6379 or SIGHTLINE_REDIS_URL, got neither',
    );
    expect(() => requiredQueueUrl('worker', undefined, { SIGHTLINE_REDIS_URL: 'nonsense' })).toThrow(
      'SIGHTLINE_REDIS_URL: expected redis://',
    );
  });
});
