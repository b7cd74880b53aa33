import { PROVIDERS, parseProvider } from '../../../models/efficientvit/providers';

describe('parseProvider', () => {
  it('reads every name alone', () => {
    expect(PROVIDERS.map(parseProvider)).toEqual(PROVIDERS.map((name) => ({ name })));
  });

  it.each([
    ['cuda:0', { name: 'cuda', deviceId: 0 }],
    ['tensorrt:1', { name: 'tensorrt', deviceId: 1 }],
    ['dml:15', { name: 'dml', deviceId: 15 }],
  ])('reads %s', (text, expected) => {
    expect(parseProvider(text)).toEqual(expected);
  });

  it.each([
    '',
    'gpu',
    'CUDA',
    'cuda:',
    'cuda:01',
    'cuda:-1',
    'cuda:1.5',
    'cuda:100',
    'cuda:1:1',
    ' cuda:1',
    'webgpu:1',
    'cpu:0',
  ])('takes %j for none', (text) => {
    expect(parseProvider(text)).toBeUndefined();
  });
});
