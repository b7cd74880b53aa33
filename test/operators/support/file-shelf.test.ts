import fc from 'fast-check';
import { createFileShelf } from '../../../operators/support/file-shelf';

const BOUNDS = { maxAgeMs: 1000, maxCount: 3, maxBytes: 100 };
const file = (name: string, atMs = 0, bytes = 10) => ({ name, atMs, bytes });

describe('a shelf of files', () => {
  it('gives up the oldest when there are too many', () => {
    const shelf = createFileShelf(BOUNDS);
    for (const name of ['a', 'b', 'c']) shelf.add(file(name));
    expect([shelf.hasSurplus(), shelf.takeSurplus(0)]).toEqual([false, []]);
    shelf.add(file('d'));
    expect([shelf.hasSurplus(), shelf.takeSurplus(0), shelf.count]).toEqual([true, ['a'], 3]);
  });

  it('gives up the oldest when they are too large', () => {
    const shelf = createFileShelf(BOUNDS);
    shelf.add(file('a', 0, 60));
    shelf.add(file('b', 0, 30));
    shelf.add(file('c', 0, 90));
    expect([shelf.takeSurplus(0), shelf.bytes, shelf.count]).toEqual([['a', 'b'], 90, 1]);
    // What was stored a moment ago is still to be told of.
    shelf.add(file('d', 0, 101));
    expect([shelf.takeSurplus(0), shelf.bytes]).toEqual([['c'], 101]);
  });

  it('gives up what is too old', () => {
    const shelf = createFileShelf(BOUNDS);
    shelf.add(file('a', 0));
    shelf.add(file('b', 500));
    expect(shelf.takeSurplus(1000)).toEqual([]);
    expect(shelf.takeSurplus(1001)).toEqual(['a']);
    expect([shelf.count, shelf.bytes]).toEqual([1, 10]);
  });

  it('takes a file of the same name for the new one, as the youngest', () => {
    const shelf = createFileShelf(BOUNDS);
    for (const name of ['a', 'b', 'c', 'a', 'd']) shelf.add(file(name));
    expect([shelf.takeSurplus(0), shelf.bytes]).toEqual([['b'], 30]);
  });

  it('begins with what is found, the oldest first', () => {
    const shelf = createFileShelf(BOUNDS);
    shelf.add(file('gone'));
    shelf.reset([file('c', 30), file('a', 10), file('b', 20), file('d', 40)]);
    expect([shelf.takeSurplus(50), shelf.count, shelf.bytes]).toEqual([['a'], 3, 30]);
  });

  it('gives up some hundred at once, and the rest later', () => {
    const shelf = createFileShelf({ ...BOUNDS, maxBytes: 1e9 });
    shelf.reset(Array.from({ length: 1203 }, (_, at) => file(String(at))));
    expect([0, 0, 0, 0].map(() => shelf.takeSurplus(0).length)).toEqual([500, 500, 200, 0]);
  });

  it('is within its bounds after it gave up, whatever came', () => {
    const files = fc.array(
      fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.integer({ min: 1, max: 60 })),
    );
    fc.assert(
      fc.property(files, (all) => {
        const shelf = createFileShelf(BOUNDS);
        for (const [name, bytes] of all) {
          shelf.add(file(name, 0, bytes));
          shelf.takeSurplus(0);
          expect(shelf.count <= 3 && shelf.bytes <= 100 && shelf.bytes >= 0).toBe(true);
        }
      }),
    );
  });
});
