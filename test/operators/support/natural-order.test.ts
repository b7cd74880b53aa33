import fc from 'fast-check';
import { naturalOrder } from '../../../operators/support/natural-order';

describe('naturalOrder', () => {
  it('orders numbers by their value, wherever they stand', () => {
    const ordered = ['', '1.jpg', '2.jpg', '10.jpg', 'a', 'a1b9', 'a1b10', 'a02', 'a2', 'a2x', 'a10', 'b'];
    expect([...ordered].reverse().sort(naturalOrder)).toEqual(ordered);
  });

  it('knows numbers that no number of JavaScript holds', () => {
    expect(naturalOrder('f90071992547409920', 'f90071992547409921')).toBeLessThan(0);
  });

  it('is a total order in which only equal names are equal', () => {
    const name = fc.string({ unit: fc.constantFrom(...Array.from('0019ab.é')), maxLength: 6 });
    fc.assert(
      fc.property(name, name, name, (a, b, c) => {
        expect(naturalOrder(a, b) === 0).toBe(a === b);
        expect(Math.sign(naturalOrder(a, b)) + Math.sign(naturalOrder(b, a))).toBe(0);
        if (naturalOrder(a, b) < 0 && naturalOrder(b, c) < 0) expect(naturalOrder(a, c)).toBeLessThan(0);
      }),
    );
  });
});
