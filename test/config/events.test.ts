import { defineConfig } from '../../config/define-config';
import { parseConfig } from '../../config/load';
import { configErrorOf } from '../support/config-error';

const define = (redis: object) =>
  defineConfig(
    { cameras: { yard: { url: 'a.mp4' } }, events: [{ type: 'redis', url: 'redis://h', ...redis }] },
    '/etc/cameras',
  ).config.events[0];

const faultsOf = (redis: object) =>
  configErrorOf(() => define(redis)).faults.map(({ path, message }) => `${path}: ${message}`);

describe('the settings of events on Redis', () => {
  it('have a spool, one stream, no age and no boxes unless it is said', () => {
    expect(define({})).toEqual({
      ...{ type: 'redis', url: 'redis://h', maxLen: 100_000, shards: 1, boxes: false },
      spool: { maxBytes: 268_435_456 },
    });
  });

  it('are taken as they are written, with paths from the folder of the file', () => {
    const settings = { maxAgeMs: 604_800_000, shards: 16, boxes: true };
    expect(define({ ...settings, spool: false })).toMatchObject({ ...settings, spool: false });
    expect(define({ spool: { path: 'spool' }, boxes: {} })).toMatchObject({
      spool: { path: '/etc/cameras/spool', maxBytes: 268_435_456 },
      boxes: { maxLen: 300 },
    });
    expect(define({ spool: { path: '/var/spool', maxBytes: 4_194_304 } })).toMatchObject({
      spool: { path: '/var/spool', maxBytes: 4_194_304 },
    });
  });

  it('may come from outside', () => {
    const yaml =
      'cameras: { a: { url: a.mp4 } }\n' +
      'events: [{ type: redis, url: redis://h, spool: "${ON}", boxes: "${ON}", shards: "${N}" }]\n';
    const sink = (ON: string) => parseConfig(yaml, { path: 'a.yaml', env: { ON, N: '4' } }).config.events[0];
    expect(sink('false')).toMatchObject({ spool: false, boxes: false, shards: 4 });
    expect(configErrorOf(() => sink('true')).faults.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^expected false or a map, got/),
    ]);
  });

  it.each<readonly [string, object, string]>([
    ['no shard', { shards: 0 }, 'shards: expected a whole number from 1 to 64, got 0'],
    ['an age in seconds', { maxAgeMs: 60 }, 'maxAgeMs: expected a number from 1000 to 3153600000000, got 60'],
    [
      'an age in words',
      { maxAgeMs: '7d' },
      'maxAgeMs: expected a number from 1000 to 3153600000000, got "7d"',
    ],
    ['a spool that is on', { spool: true }, 'spool: expected false or a map, got true'],
    ['a list as a spool', { spool: ['/a'] }, 'spool: expected false or a map, got a list of 1'],
    [
      'a small spool',
      { spool: { maxBytes: 1000 } },
      'spool.maxBytes: expected a whole number from 4194304 to 1099511627776, got 1000',
    ],
    [
      'a typing slip in a spool',
      { spool: { maxByte: 1e9 } },
      'spool.maxByte: expected a known key (did you mean maxBytes?), got "maxByte"',
    ],
    ['no path', { spool: { path: '' } }, 'spool.path: expected text, got ""'],
    ['a number of boxes', { boxes: 300 }, 'boxes: expected true or false or a map, got 300'],
    ['no boxes', { boxes: { maxLen: 0 } }, 'boxes.maxLen: expected a whole number from 1 to 1000000, got 0'],
  ])('are refused with %s', (_name, redis, fault) => {
    expect(faultsOf(redis)).toEqual([`events[0].${fault}`]);
  });

  it('are refused with every fault of them', () => {
    expect(faultsOf({ spool: { maxBytes: 1, typo: 1 }, boxes: { maxLen: 0 }, shards: 65 })).toHaveLength(4);
  });
});
