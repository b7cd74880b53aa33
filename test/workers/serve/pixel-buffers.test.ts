import { createPixelBuffers } from '../../../workers/serve/pixel-buffers';

describe('createPixelBuffers', () => {
  it('gives a buffer again after its last holder has released it, and not before', () => {
    const buffers = createPixelBuffers(8, 2);
    const first = buffers.take();
    first.retain();
    first.release();
    expect(buffers.take().pixels).not.toBe(first.pixels);
    first.release();
    expect(buffers.take().pixels).toBe(first.pixels);
  });

  it('does not give a buffer to two when it is released once too often', () => {
    const buffers = createPixelBuffers(8, 2);
    const first = buffers.take();
    first.release();
    first.release();
    expect(buffers.take().pixels).not.toBe(buffers.take().pixels);
  });

  it('keeps no more than it may', () => {
    const buffers = createPixelBuffers(8, 1);
    const leases = [buffers.take(), buffers.take()];
    for (const lease of leases) lease.release();
    const again = [buffers.take().pixels, buffers.take().pixels];
    expect(again.filter((pixels) => leases.some((lease) => lease.pixels === pixels))).toHaveLength(1);
  });
});
