import { createKeys } from '../../../models/domain/keys';

describe('createKeys', () => {
  it('prefixes every key with the namespace', () => {
    expect(createKeys('lobby-2').events()).toBe('lobby-2:events:0');
    expect(createKeys('lobby-2').events(3)).toBe('lobby-2:events:3');
  });

  it.each(['', 'A', '-a', 'a:b', 'a b', 'a'.repeat(33), 'a\n'])('refuses the namespace %j', (namespace) => {
    expect(() => createKeys(namespace)).toThrow(RangeError);
  });
});
