import { fitI420 } from '../../../operators/support/fit-i420';
import { i420ByteLength } from '../../../operators/support/i420-painter';

const plain = (size: { width: number; height: number }, y: number, u: number, v: number) => {
  const pixels = new Uint8Array(i420ByteLength(size)).fill(y);
  const luma = size.width * size.height;
  const chroma = (pixels.length - luma) / 2;
  pixels.fill(u, luma, luma + chroma).fill(v, luma + chroma);
  return pixels;
};

describe('fitI420', () => {
  it('copies a picture of the same size', () => {
    const size = { width: 7, height: 5 };
    const pixels = new Uint8Array(i420ByteLength(size)).map((_, index) => index);
    expect(fitI420(pixels, size, size)).toEqual(pixels);
  });

  it('keeps the aspect and centres the picture on black', () => {
    const from = { width: 4, height: 4 };
    const result = fitI420(plain(from, 200, 10, 20), from, { width: 16, height: 8 });
    const row = [...Array<number>(4).fill(16), ...Array<number>(8).fill(200), ...Array<number>(4).fill(16)];
    expect([...result.subarray(0, 16)]).toEqual(row);
    expect([...result.subarray(128, 136)]).toEqual([128, 128, 10, 10, 10, 10, 128, 128]);
    expect([...result.subarray(160, 168)]).toEqual([128, 128, 20, 20, 20, 20, 128, 128]);
  });

  it.each([
    [
      { width: 101, height: 75 },
      { width: 33, height: 77 },
    ],
    [
      { width: 1, height: 1 },
      { width: 5, height: 3 },
    ],
    [
      { width: 640, height: 2 },
      { width: 3, height: 3 },
    ],
  ])('stays inside the planes from %j to %j', (from, to) => {
    const result = fitI420(plain(from, 200, 10, 20), from, to);
    const chroma = Math.ceil(to.width / 2) * Math.ceil(to.height / 2);
    expect(new Set(result.subarray(0, to.width * to.height))).not.toContain(10);
    expect(new Set(result.subarray(to.width * to.height, -chroma))).not.toContain(20);
    expect(result).toHaveLength(i420ByteLength(to));
  });
});
