import { defineConfig } from '../../config/define-config';
import { configErrorOf } from '../support/config-error';

const define = (snapshots: unknown, camera: object = {}) =>
  defineConfig(
    { cameras: { yard: { url: 'a.mp4', ...camera } }, snapshots: snapshots as undefined },
    '/etc/cameras',
  );

const faultsOf = (snapshots: unknown, camera?: object) =>
  configErrorOf(() => define(snapshots, camera)).faults.map(({ path, message }) => `${path}: ${message}`);

const DIRECTORY = { type: 'directory', path: 'snapshots' };
const REDIS = { type: 'redis', url: 'redis://:hush@h:6380/2' };

describe('the settings of snapshots', () => {
  it('are off where there are none, and complete where there is a place for them', () => {
    expect(define(undefined).config).not.toHaveProperty('snapshots');
    expect(define({ store: DIRECTORY }).config.snapshots).toEqual({
      store: { type: 'directory', path: '/etc/cameras/snapshots' },
      ...{ crop: true, box: false, maxWidth: 640, quality: 80 },
      retention: { maxAgeMs: 604_800_000, maxCount: 10_000, maxBytes: 268_435_456 },
    });
    const given = { crop: false, box: true, maxWidth: 1920, quality: 95 };
    expect(define({ store: REDIS, ...given, retention: { maxCount: 5 } }).config.snapshots).toMatchObject({
      ...given,
      store: REDIS,
      retention: { maxCount: 5, maxAgeMs: 604_800_000 },
    });
  });

  it('can be off for a camera', () => {
    expect(define({ store: DIRECTORY }).config.cameras['yard']!.snapshots).toBe(true);
    expect(define({ store: DIRECTORY }, { snapshots: false }).config.cameras['yard']!.snapshots).toBe(false);
  });

  it('keep their password to themselves', () => {
    expect(define({ store: REDIS }).secrets).toContain('hush');
  });

  it.each<readonly [string, unknown, string]>([
    [
      'no place',
      {},
      '.store: expected a map with "type: directory" or a map with "type: redis", got nothing',
    ],
    [
      'a path as a place',
      { store: '/snapshots' },
      '.store: expected a map with "type: directory" or a map with "type: redis", got "/snapshots"',
    ],
    ['another place', { store: { type: 's3' } }, '.store.type: expected one of directory, redis, got "s3"'],
    ['no folder', { store: { type: 'directory' } }, '.store.path: expected text, got nothing'],
    [
      'a width of nothing',
      { store: DIRECTORY, maxWidth: 0 },
      '.maxWidth: expected a whole number from 32 to 7680, got 0',
    ],
    [
      'a quality above all',
      { store: DIRECTORY, quality: 101 },
      '.quality: expected a whole number from 1 to 100, got 101',
    ],
    [
      'an age in words',
      { store: DIRECTORY, retention: { maxAgeMs: '7d' } },
      '.retention.maxAgeMs: expected a whole number from 1000 to 3153600000000, got "7d"',
    ],
    [
      'room for nothing',
      { store: DIRECTORY, retention: { maxBytes: 10 } },
      '.retention.maxBytes: expected a whole number from 1048576 to 1099511627776, got 10',
    ],
    [
      'a typing slip',
      { store: DIRECTORY, maxwidth: 100 },
      '.maxwidth: expected a known key (did you mean maxWidth?), got "maxwidth"',
    ],
  ])('are refused with %s', (_name, snapshots, fault) => {
    expect(faultsOf(snapshots)).toEqual([`snapshots${fault}`]);
  });
});
