import type { Size } from '../../../models/domain/geometry';
import { inputSchema } from '../../../models/efficientvit/manifest-input';
import { createPixelConverter } from '../../../models/efficientvit/pixels';
import { fromHalves, toHalf } from '../../../models/efficientvit/float16';
import { PLAZA } from '../../support/sightline';
import { i420Of, rgbOf } from './foreign';

const SIZE: Size = { width: 416, height: 256 };

const PICTURES: readonly (readonly [string, readonly string[], Size])[] = [
  ['a street', ['-ss', '3', '-i', PLAZA], SIZE],
  ['a street of odd proportions', ['-ss', '17', '-i', PLAZA], { width: 66, height: 34 }],
  ['colours of full strength', ['-f', 'lavfi', '-i', 'testsrc2=size=640x384'], { width: 640, height: 384 }],
];

/** An input of a graph that takes RGB. */
function rgbInput({ width, height }: Size, change: object = {}, batch: 'batch' | 1 = 'batch') {
  const shape = 'memoryOrder' in change ? [batch, height, width, 3] : [batch, 3, height, width];
  return inputSchema.parse({
    ...{ name: 'images', type: 'float32', shape, width, height, pixelFormat: 'rgb-float' },
    ...change,
  });
}

const bytes = (memoryOrder: 'nchw' | 'nhwc') => ({
  pixelFormat: 'rgb24',
  type: 'uint8',
  ...(memoryOrder === 'nhwc' && { memoryOrder }),
});

/** The largest difference of two arrays of one length. */
function farthest(some: ArrayLike<number>, others: ArrayLike<number>): number {
  expect(some).toHaveLength(others.length);
  let most = 0;
  for (let at = 0; at < others.length; at++) most = Math.max(most, Math.abs(some[at]! - others[at]!));
  return most;
}

/** Three bytes a pixel as planes, in an order of channels. */
function planesOf(rgb: Uint8Array, order = [0, 1, 2]): number[] {
  const pixels = rgb.length / 3;
  return order.flatMap((channel) => Array.from({ length: pixels }, (_, pixel) => rgb[pixel * 3 + channel]!));
}

describe('createPixelConverter', () => {
  it.each(PICTURES)(
    'gives the colours that FFmpeg gives of %s, within 1 level, and 3 where FFmpeg does not round',
    (_what, input, size) => {
      const frame = i420Of(input, size);
      const expected = rgbOf(frame, size);
      const packed = createPixelConverter(rgbInput(size, bytes('nhwc')), 1)(frame, 1);
      expect(farthest(packed, expected)).toBeLessThanOrEqual(1);
      expect(farthest(packed, rgbOf(frame, size, 'fast'))).toBeLessThanOrEqual(3);
      const planes = createPixelConverter(rgbInput(size, bytes('nchw')), 1)(frame, 1);
      expect(farthest(planes, planesOf(expected))).toBeLessThanOrEqual(1);
      // Not a picture that any conversion would pass for.
      expect(new Set(expected).size).toBeGreaterThan(40);
    },
  );

  it.each([0, 16, 81, 128, 235, 255])('clamps every colour of luma %i', (y) => {
    const size = { width: 512, height: 512 };
    const frame = new Uint8Array((512 * 512 * 3) / 2).fill(y);
    for (let at = 0; at < 256 * 256; at++) {
      frame[512 * 512 + at] = at >> 8;
      frame[512 * 512 + 256 * 256 + at] = at & 255;
    }
    const found = createPixelConverter(rgbInput(size, bytes('nhwc')), 1)(frame, 1);
    const clamp = (value: number) => Math.min(Math.max(value, 0), 255);
    let worst = 0;
    for (let at = 0; at < 256 * 256; at++) {
      const [u, v] = [(at >> 8) - 128, (at & 255) - 128];
      const luma = 1.164384 * (y - 16);
      const rgb = [luma + 1.596027 * v, luma - 0.391762 * u - 0.812968 * v, luma + 2.017232 * u];
      const pixel = (Math.floor(at / 256) * 2 * 512 + (at % 256) * 2) * 3;
      rgb.forEach(
        (value, channel) => (worst = Math.max(worst, Math.abs(found[pixel + channel]! - clamp(value)))),
      );
    }
    expect(worst).toBeLessThanOrEqual(0.51);
  });

  it('keeps the grey of the padding at level 114', () => {
    const frame = new Uint8Array((64 * 32 * 3) / 2).fill(128).fill(114, 0, 64 * 32);
    const found = createPixelConverter(rgbInput({ width: 64, height: 32 }, bytes('nchw')), 1)(frame, 1);
    expect(new Set(found)).toEqual(new Set([114]));
  });

  describe('of floats', () => {
    const frame = i420Of(PICTURES[0]![1], SIZE);
    const rgb = createPixelConverter(rgbInput(SIZE, bytes('nhwc')), 1)(frame, 1) as Uint8Array;

    it('gives 0 to 1, one plane a channel, unless the manifest says otherwise', () => {
      const found = createPixelConverter(rgbInput(SIZE), 1)(frame, 1);
      expect(found).toBeInstanceOf(Float32Array);
      expect(farthest(found, new Float32Array(planesOf(rgb).map((level) => level / 255)))).toBe(0);
    });

    it('applies scale, mean and std, in the order of the channels', () => {
      const mean = [103.53, 116.28, 123.675];
      const std = [57.375, 57.12, 58.395];
      const input = rgbInput(SIZE, { channelOrder: 'bgr', scale: 1, mean, std });
      const found = createPixelConverter(input, 1)(frame, 1);
      const pixels = rgb.length / 3;
      const expected = planesOf(rgb, [2, 1, 0]).map((level, at) => {
        const channel = Math.floor(at / pixels);
        return Math.fround((level - mean[channel]!) / std[channel]!);
      });
      expect(farthest(found, expected)).toBe(0);
    });

    it('gives half-precision numbers by their bits', () => {
      const found = createPixelConverter(rgbInput(SIZE, { type: 'float16' }), 1)(frame, 1);
      expect(found).toBeInstanceOf(Uint16Array);
      const wanted = planesOf(rgb).map((level) => level / 255);
      // Half a step of numbers below 1.
      expect(farthest(fromHalves(found as Uint16Array), wanted)).toBeLessThanOrEqual(2 ** -12);
    });
  });

  it('converts the frames of a batch, and no more of them than it was given', () => {
    const input = rgbInput(SIZE, bytes('nhwc'));
    const frames = PICTURES.slice(0, 2).map(([, picture]) => i420Of(picture, SIZE));
    const singles = frames.map((frame) => createPixelConverter(input, 1)(frame, 1).slice());
    const both = new Uint8Array(frames.flatMap((frame) => [...frame]));
    const convert = createPixelConverter(input, 3);
    const length = singles[0]!.length;
    const found = convert(both, 2);
    expect(
      [0, 1].map((at) => farthest(found.subarray(at * length, (at + 1) * length), singles[at]!)),
    ).toEqual([0, 0]);
    expect(new Set(found.subarray(2 * length))).toEqual(new Set([0]));
  });

  it('passes I420 on as it is', () => {
    const input = inputSchema.parse({
      ...{ name: 'frames', type: 'uint8', shape: ['batch', 48, 64], width: 64, height: 32 },
      ...{ pixelFormat: 'i420', colorMatrix: 'bt601', range: 'limited', resize: '' },
      padValue: { y: 114, u: 128, v: 128 },
    });
    const frames = new Uint8Array(2 * 3072);
    expect(createPixelConverter(input, 2)(frames, 2)).toBe(frames);
  });
});

describe('half-precision numbers', () => {
  it('come back from their bits, all of them', () => {
    const halves = Uint16Array.from({ length: 0x10000 }, (_, half) => half);
    const wrong = [...fromHalves(halves)].flatMap((value, half) =>
      toHalf(value) === half || Number.isNaN(value) ? [] : [half],
    );
    expect(wrong).toEqual([]);
  });

  it.each([
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65520, 0x7c00],
    [1 / 3, 0x3555],
    // Ties go to even.
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [2 ** -25, 0],
    [Number.NaN, 0x7e00],
  ])('rounds %p to the bits %p', (value, half) => {
    expect(toHalf(value)).toBe(half);
  });
});
