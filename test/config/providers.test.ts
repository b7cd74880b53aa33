import { defineConfig } from '../../config/define-config';
import { configErrorOf } from '../support/config-error';

const define = (model: unknown) =>
  defineConfig({ model: model as object, cameras: { yard: { url: 'a.mp4' } } }).config.model;

const faultsOf = (model: unknown) =>
  configErrorOf(() => define(model)).faults.map(({ path, message }) => `${path}: ${message}`);

const EXPECTED =
  'expected one of tensorrt, cuda, webgpu, coreml, dml, cpu; for a device other than the first, tensorrt:1, cuda:1, dml:1 and so on';

describe('the providers of a model', () => {
  it('are names, some of them with a device', () => {
    const providers = ['tensorrt:1', 'cuda:1', 'cuda:0', 'webgpu', 'cpu'];
    expect(define({ providers }).providers).toEqual(providers);
  });

  it.each<readonly [string, unknown, string]>([
    ['a typing slip', ['cdua'], `[0]: ${EXPECTED}, got "cdua" (did you mean cuda?)`],
    ['a device that cannot be chosen', ['cuda', 'webgpu:1'], `[1]: ${EXPECTED}, got "webgpu:1"`],
    ['a device that is no number', ['cuda:gpu0'], `[0]: ${EXPECTED}, got "cuda:gpu0"`],
    ['a number alone', [1], `[0]: ${EXPECTED}, got 1`],
    ['options', [{ name: 'cuda' }], `[0]: ${EXPECTED}, got a map of 1`],
    ['one twice', ['cuda:1', 'cuda:1'], '[1]: expected each item once, got "cuda:1"'],
    [
      'none',
      [],
      ': expected a list of at least 1 of tensorrt, cuda, webgpu, coreml, dml, cpu, got an empty list',
    ],
  ])('are refused with %s', (_name, providers, fault) => {
    expect(faultsOf({ providers })).toEqual([expect.stringContaining(`model.providers${fault}`)]);
  });

  it('have a time to load the model in', () => {
    expect(define({ startTimeoutMs: 900_000 }).startTimeoutMs).toBe(900_000);
    expect(faultsOf({ startTimeoutMs: 10 })).toEqual([
      'model.startTimeoutMs: expected a number from 1000 to 3600000, got 10',
    ]);
  });
});
