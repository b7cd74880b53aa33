import { crc32 } from '../../../models/support/crc32';

describe('crc32', () => {
  it('is that of gzip', () => {
    expect(crc32(Buffer.from(''))).toBe(0);
    expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
    expect(crc32(Buffer.alloc(1000, 0xff))).toBe(0xe0533230);
  });
});
