import { createI420Mask } from '../../../operators/support/i420-mask';
import { i420ByteLength } from '../../../operators/support/i420-painter';
import type { Polygon } from '../../../models/domain/polygon';

const WHOLE: Polygon = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];
/** The right half and the lower half of it. */
const QUARTER: Polygon = [
  [0.5, 0.5],
  [1, 0.5],
  [1, 1],
  [0.5, 1],
];

describe('createI420Mask', () => {
  it('makes luma black and chroma neutral, in the picture and its margin and not in the rest of the padding', () => {
    const buffer = { width: 8, height: 6 };
    const paint = (margin: readonly [number, number]) => {
      const pixels = new Uint8Array(i420ByteLength(buffer)).fill(200);
      createI420Mask({ polygons: [WHOLE], buffer, content: { width: 4, height: 6 }, margin })(pixels);
      return pixels;
    };
    const rows = (count: number, row: readonly number[]) => Array<readonly number[]>(count).fill(row).flat();
    expect([...paint([0, 0])]).toEqual([
      ...rows(6, [16, 16, 16, 16, 200, 200, 200, 200]),
      ...rows(6, [128, 128, 200, 200]),
    ]);
    expect([...paint([1, 1])]).toEqual([
      ...rows(6, [16, 16, 16, 16, 16, 200, 200, 200]),
      ...rows(6, [128, 128, 128, 200]),
    ]);
  });

  it.each([[{ width: 101, height: 75 }], [{ width: 1, height: 1 }], [{ width: 64, height: 3 }]])(
    'hides all of a picture of %j, and colours all samples of those it hides a part of',
    (size) => {
      const luma = size.width * size.height;
      const paint = (polygon: Polygon) => {
        const pixels = new Uint8Array(i420ByteLength(size)).fill(200);
        createI420Mask({ polygons: [polygon], buffer: size, content: size, margin: [0, 0] })(pixels);
        return pixels;
      };
      const whole = paint(WHOLE);
      expect(new Set(whole.subarray(0, luma))).toEqual(new Set([16]));
      expect(new Set(whole.subarray(luma))).toEqual(new Set([128]));

      const part = paint(QUARTER);
      const chromaWidth = Math.ceil(size.width / 2);
      const chroma = (part.length - luma) / 2;
      const wrong: number[] = [];
      for (let at = 0; at < luma; at++) {
        const [x, y] = [at % size.width, Math.floor(at / size.width)];
        const isHidden = x + 1 > size.width / 2 && y + 1 > size.height / 2;
        const sample = luma + (y >> 1) * chromaWidth + (x >> 1);
        const isGrey = part[sample] === 128 && part[sample + chroma] === 128;
        if (part[at] !== (isHidden ? 16 : 200) || (isHidden && !isGrey)) wrong.push(at);
      }
      expect(wrong).toEqual([]);
      if (luma > 1) expect(part.subarray(luma)).toContain(200);
    },
  );

  it('refuses bytes of another size and leaves them as they are', () => {
    const size = { width: 4, height: 2 };
    const mask = createI420Mask({ polygons: [WHOLE], buffer: size, content: size, margin: [0, 0] });
    const pixels = new Uint8Array(13).fill(200);
    expect(() => mask(pixels)).toThrow('I420 picture of 4x2: expected 12 bytes, got 13');
    expect(new Set(pixels)).toEqual(new Set([200]));
  });
});
