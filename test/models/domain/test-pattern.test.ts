import fc from 'fast-check';
import { TEST_PATTERNS, parseTestInput } from '../../../models/domain/test-pattern';

describe('parseTestInput', () => {
  it('takes the patterns of the list, with a length or without', () => {
    for (const pattern of TEST_PATTERNS) {
      expect(parseTestInput(pattern)).toEqual({ pattern });
      expect(parseTestInput(`${pattern}?seconds=86400`)).toEqual({ pattern, seconds: 86_400 });
    }
  });

  it('takes nothing else', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TEST_PATTERNS),
        fc.string({ minLength: 1, unit: fc.constantFrom(...Array.from('?=:,;[]0aseconds')) }),
        (pattern, more) => {
          const parsed = parseTestInput(pattern + more);
          if (parsed !== undefined) expect(more).toBe(`?seconds=${parsed.seconds}`);
        },
      ),
    );
  });
});
