import { createFramePool } from '../../../operators/sources/frame-pool';

describe('createFramePool', () => {
  it('lends a fixed number of buffers and lends them again after the last release', () => {
    let freed = 0;
    const pool = createFramePool({ count: 2, byteLength: 8, onFree: () => freed++ });
    const first = pool.acquire()!;
    const second = pool.acquire()!;
    expect(pool.acquire()).toBeUndefined();
    first.retain();
    first.release();
    expect(pool.acquire()).toBeUndefined();
    first.release();
    expect(freed).toBe(1);
    expect(pool.acquire()!.pixels).toBe(first.pixels);
    expect(second.pixels).not.toBe(first.pixels);
    expect(pool.lentCount).toBe(2);
  });

  it('refuses a hold on what was given back, which would be another frame by now', () => {
    const lease = createFramePool({ count: 1, byteLength: 8 }).acquire()!;
    lease.release();
    expect(() => lease.release()).toThrow('expected a held frame');
    expect(() => lease.retain()).toThrow('expected a held frame');
  });

  it('refuses to be empty', () => {
    expect(() => createFramePool({ count: 0, byteLength: 8 })).toThrow(
      'expected a count of 1 or more, got 0',
    );
  });
});
