import sharp from 'sharp';
import { createJpegEncoder, i420ToRgb } from '../../../operators/support/jpeg-encoder';
import { createI420Painter, i420ByteLength } from '../../../operators/support/i420-painter';

const SIZE = { width: 65, height: 33 };

describe('i420ToRgb', () => {
  it.each([
    ['black', [16, 128, 128], [0, 0, 0]],
    ['white', [235, 128, 128], [255, 255, 255]],
    ['red', [81, 90, 240], [254, 0, 0]],
    ['green', [145, 54, 34], [0, 255, 1]],
    ['blue', [41, 240, 110], [0, 0, 255]],
    ['what is darker than black', [0, 128, 128], [0, 0, 0]],
  ] as const)('knows %s of limited-range BT.601', (_name, yuv, rgb) => {
    const pixels = new Uint8Array(i420ByteLength(SIZE));
    createI420Painter(pixels, SIZE).fill(0, 0, SIZE.width, SIZE.height, yuv);
    const result = i420ToRgb(pixels, SIZE);
    expect(result).toHaveLength(65 * 33 * 3);
    expect([...result.subarray(-3)]).toEqual([...rgb]);
    expect([...result.subarray(0, 3)]).toEqual([...rgb]);
  });

  it('refuses pixels of another size', () => {
    expect(() => i420ToRgb(new Uint8Array(5), SIZE)).toThrow('JPEG of 65x33: expected 3267 bytes, got 5');
  });
});

describe('the encoder of JPEGs', () => {
  it('keeps picture and colour, and tells nothing else', async () => {
    const encode = await createJpegEncoder();
    const pixels = new Uint8Array(i420ByteLength(SIZE));
    const painter = createI420Painter(pixels, SIZE);
    painter.fill(0, 0, 65, 33, [16, 128, 128]);
    painter.fill(32, 0, 65, 33, [81, 90, 240]);
    const jpeg = await encode(pixels, SIZE, 90);
    const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 65, height: 33, channels: 3 });
    const at = (x: number, y: number) => [...data.subarray((y * 65 + x) * 3, (y * 65 + x) * 3 + 3)];
    for (const [value, expected] of at(4, 4).map((value) => [value, 0] as const))
      expect(value).toBeLessThan(expected + 6);
    const [red, green, blue] = at(60, 30);
    expect(red).toBeGreaterThan(248);
    expect(green! + blue!).toBeLessThan(16);
    const { exif, icc, xmp, format, chromaSubsampling } = await sharp(jpeg).metadata();
    expect({ exif, icc, xmp, format, chromaSubsampling }).toEqual({
      format: 'jpeg',
      chromaSubsampling: '4:2:0',
    });
    expect((await encode(pixels, SIZE, 20)).length).toBeLessThan(jpeg.length);
  });
});
