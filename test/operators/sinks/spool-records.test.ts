import fc from 'fast-check';
import type { Entry } from '../../../operators/sinks/append-script';
import { decodeRecords, encodeRecord } from '../../../operators/sinks/spool-records';
import type { SpoolRecord } from '../../../operators/sinks/spool-records';

const NO_LIMITS = { maxEntries: Infinity, maxLength: Infinity };

const text = fc.string({ unit: 'grapheme' });
const entries: fc.Arbitrary<Entry> = fc.record({
  type: text,
  camera: text,
  id: text,
  fence: fc.option(fc.nat({ max: 2_000_000_000_000 }), { nil: undefined }),
  open: fc
    .record({ keep: fc.option(text, { nil: undefined }), drop: fc.array(text) })
    .map(({ keep, drop }) => ({ drop, ...(keep !== undefined && { keep }) })),
  data: fc.jsonValue().map((value) => JSON.stringify(value)),
});
const records: fc.Arbitrary<SpoolRecord> = fc.record({ atMs: fc.nat(), entry: entries });

const bytesOf = (all: readonly SpoolRecord[]) => Buffer.concat(all.map(encodeRecord));
const plain = (id: string, data = '{}'): SpoolRecord => ({
  atMs: 1,
  entry: { type: 't', camera: 'c', id, fence: undefined, open: { drop: [] }, data },
});
const idsOf = (all: readonly SpoolRecord[]) => all.map(({ entry }) => entry.id);

describe('records of a spool', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(records), (all) => {
        const bytes = bytesOf(all);
        expect(decodeRecords(bytes, true, NO_LIMITS)).toEqual({
          records: all,
          damaged: 0,
          length: bytes.length,
        });
      }),
    );
  });

  it('are read as far as they are whole, wherever they were cut off', () => {
    fc.assert(
      fc.property(fc.array(records, { minLength: 1, maxLength: 5 }), fc.nat(), (all, at) => {
        const bytes = bytesOf(all);
        const cut = bytes.subarray(0, at % bytes.length);
        const whole = all.filter((_, n) => bytesOf(all.slice(0, n + 1)).length <= cut.length);
        const length = bytesOf(whole).length;
        expect(decodeRecords(cut, false, NO_LIMITS)).toEqual({ records: whole, damaged: 0, length });
        expect(decodeRecords(cut, true, NO_LIMITS)).toEqual({
          records: whole,
          damaged: cut.length === length ? 0 : 1,
          length: cut.length,
        });
      }),
    );
  });

  it('are left out where a byte is another, and only there', () => {
    const all = ['a', 'b', 'c'].map((id) => plain(id));
    const length = encodeRecord(all[0]!).length;
    for (let at = length; at < 2 * length; at++) {
      const bytes = bytesOf(all);
      bytes[at]! ^= 0x01;
      const { records: found, damaged } = decodeRecords(bytes, true, NO_LIMITS);
      // Where the line break is gone, two lines are one that is none.
      expect(idsOf(found)).toEqual(at === 2 * length - 1 ? ['a'] : ['a', 'c']);
      expect(damaged).toBeGreaterThanOrEqual(1);
    }
  });

  it('are left out where a power cut left zeros, and where the end of one is part of another', () => {
    const zeros = Buffer.concat([bytesOf([plain('a')]), Buffer.alloc(4096)]);
    expect(decodeRecords(zeros, true, NO_LIMITS)).toMatchObject({ damaged: 1, length: zeros.length });
    const glued = Buffer.concat([
      encodeRecord(plain('a')).subarray(0, 20),
      bytesOf([plain('b'), plain('c')]),
    ]);
    const { records: found, damaged } = decodeRecords(glued, true, NO_LIMITS);
    expect([idsOf(found), damaged]).toEqual([['c'], 1]);
  });

  it('are read up to a number, or to a length that is not exceeded but by a single one', () => {
    const all = ['a', 'b', 'c', 'd'].map((id) => plain(id, 'x'.repeat(100)));
    const bytes = bytesOf(all);
    const read = (limits: object) => decodeRecords(bytes, true, { ...NO_LIMITS, ...limits });
    expect(idsOf(read({ maxEntries: 3 }).records)).toEqual(['a', 'b', 'c']);
    expect(idsOf(read({ maxLength: 250 }).records)).toEqual(['a', 'b']);
    expect(idsOf(read({ maxLength: 200 }).records)).toEqual(['a', 'b']);
    expect(idsOf(read({ maxLength: 10 }).records)).toEqual(['a']);
    expect(read({ maxEntries: 3 }).length).toBe(bytesOf(all.slice(0, 3)).length);
  });
});
