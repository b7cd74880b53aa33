import { defineConfig } from '../../config/define-config';
import { configErrorOf } from '../support/config-error';

const define = (motion: unknown) =>
  defineConfig({ cameras: { yard: { url: 'a.mp4', motion: motion as object } } }).config.cameras['yard']!;

const faultsOf = (motion: unknown) =>
  configErrorOf(() => define(motion)).faults.map(({ path, message }) => `${path}: ${message}`);

describe('the motion settings of a camera', () => {
  it('are off where there are none, and complete where there are some', () => {
    expect(define(undefined).motion).toBeUndefined();
    const defaults = { minContrast: 8, minAreaFraction: 0.001, holdMs: 2000, everyMs: 5000 };
    expect(define({}).motion).toEqual(defaults);
    expect(define({ everyMs: 500 }).motion).toEqual({ ...defaults, everyMs: 500 });
  });

  it.each<readonly [string, unknown, string]>([
    ['a word', 'on', ': expected a map, got "on"'],
    ['a truth', true, ': expected a map, got true'],
    ['no contrast', { minContrast: 0 }, '.minContrast: expected a number from 1 to 128, got 0'],
    [
      'an area in per cent',
      { minAreaFraction: 5 },
      '.minAreaFraction: expected a number above 0 and at most 0.5, got 5',
    ],
    ['a negative hold', { holdMs: -1 }, '.holdMs: expected a number from 0 to 3600000, got -1'],
    ['no look ever', { everyMs: 0 }, '.everyMs: expected a number above 0 and at most 3600000, got 0'],
    ['a typing slip', { holdMS: 1 }, '.holdMS: expected a known key (did you mean holdMs?), got "holdMS"'],
  ])('are refused with %s', (_name, motion, fault) => {
    expect(faultsOf(motion)).toEqual([`cameras.yard.motion${fault}`]);
  });
});
