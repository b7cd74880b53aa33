import { toHalf } from './float16';
import type { ManifestInput, RgbInput } from './manifest-input';

/** What a graph is given: bytes, floats, or half-precision floats by their bits. */
export type InputData = Uint8Array | Float32Array | Uint16Array;

/**
 * Makes of the first `count` I420 frames what the graph wants; the result is read before the next call, which uses the same
 * memory.
 */
export type ConvertPixels = (frames: Uint8Array, count: number) => InputData;

/** Values that one frame has as the graph's input. */
export function valuesPerFrame({ shape }: ManifestInput): number {
  return shape.slice(1).reduce<number>((product, size) => product * Number(size), 1);
}

/** An array of the input's type. */
export function createInputData({ type }: Pick<ManifestInput, 'type'>, length: number): InputData {
  if (type === 'uint8') return new Uint8Array(length);
  return type === 'float32' ? new Float32Array(length) : new Uint16Array(length);
}

/**
 * The conversion for an input, for at most `maxFrames` frames at once. BT.601 limited range to RGB full range; the four pixels
 * of a chroma value share it, as in FFmpeg's own conversion. I420 is passed on as it is.
 *
 * One table does clamping, scale, mean and std, so that floats cost no more than bytes (640 x 640: 2.8 ms).
 */
export function createPixelConverter(input: ManifestInput, maxFrames: number): ConvertPixels {
  if (input.pixelFormat === 'i420') return (frames) => frames;
  const { width, height } = input;
  const values = valuesPerFrame(input);
  const target = createInputData(input, maxFrames * values);
  const convert = createFrameConverter(input);
  const frameBytes = (width * height * 3) / 2;
  return (frames, count) => {
    for (let frame = 0; frame < count; frame++) {
      convert(
        frames.subarray(frame * frameBytes, (frame + 1) * frameBytes),
        target.subarray(frame * values, (frame + 1) * values),
      );
    }
    return target;
  };
}

/** Levels before clamping are -277 to 535; they are looked up with this added. */
const BELOW = 320;
const LEVELS = 1024;
const ONE = 2 ** 16;

/** BT.601: the shares of red and blue in luma. */
const RED = 0.299;
const BLUE = 0.114;
const GREEN = 1 - RED - BLUE;
/** Limited range: luma 16 to 235, chroma 224 values around 128. */
const LUMA = 255 / 219;
const CHROMA = 255 / 224;

/** What a byte of a plane adds to a channel, in fractions of 2^16. */
function share(factor: number, zero: number, offset = 0): Int32Array {
  return Int32Array.from({ length: 256 }, (_, value) => Math.round(((value - zero) * factor + offset) * ONE));
}

const Y_TO_ALL = share(LUMA, 16, BELOW + 0.5);
const V_TO_RED = share(2 * (1 - RED) * CHROMA, 128);
const U_TO_GREEN = share((-2 * (1 - BLUE) * BLUE * CHROMA) / GREEN, 128);
const V_TO_GREEN = share((-2 * (1 - RED) * RED * CHROMA) / GREEN, 128);
const U_TO_BLUE = share(2 * (1 - BLUE) * CHROMA, 128);

/** The graph's value for each level before clamping, of one of its channels. */
function valuesOf(input: RgbInput, channel: 0 | 1 | 2): InputData {
  const values = createInputData(input, LEVELS);
  for (let index = 0; index < LEVELS; index++) {
    const level = Math.min(Math.max(index - BELOW, 0), 255);
    if (input.pixelFormat === 'rgb24') {
      values[index] = level;
      continue;
    }
    const { scale, mean = [0, 0, 0], std = [1, 1, 1] } = input;
    const value = (level * scale - mean[channel]) / std[channel];
    values[index] = input.type === 'float16' ? toHalf(value) : value;
  }
  return values;
}

function createFrameConverter(input: RgbInput): (frame: Uint8Array, target: InputData) => void {
  const { width, height } = input;
  const isPlanar = input.memoryOrder === 'nchw';
  const isRgb = input.channelOrder === 'rgb';
  const pixelStep = isPlanar ? 1 : 3;
  const channelStep = isPlanar ? width * height : 1;
  const reds = valuesOf(input, isRgb ? 0 : 2);
  const greens = valuesOf(input, 1);
  const blues = valuesOf(input, isRgb ? 2 : 0);
  const toRed = isRgb ? 0 : 2 * channelStep;
  const toGreen = channelStep;
  const toBlue = isRgb ? 2 * channelStep : 0;
  const rowStep = width * pixelStep;

  return (frame, target) => {
    let u = width * height;
    let v = u + u / 4;
    for (let row = 0; row < height; row += 2) {
      let above = row * width;
      let at = above * pixelStep;
      for (const end = above + width; above < end; above += 2) {
        const red = V_TO_RED[frame[v]!]!;
        const green = U_TO_GREEN[frame[u]!]! + V_TO_GREEN[frame[v]!]!;
        const blue = U_TO_BLUE[frame[u]!]!;
        u++;
        v++;
        const below = above + width;
        const next = at + pixelStep;
        let luma = Y_TO_ALL[frame[above]!]!;
        target[at + toRed] = reds[(luma + red) >> 16]!;
        target[at + toGreen] = greens[(luma + green) >> 16]!;
        target[at + toBlue] = blues[(luma + blue) >> 16]!;
        luma = Y_TO_ALL[frame[above + 1]!]!;
        target[next + toRed] = reds[(luma + red) >> 16]!;
        target[next + toGreen] = greens[(luma + green) >> 16]!;
        target[next + toBlue] = blues[(luma + blue) >> 16]!;
        luma = Y_TO_ALL[frame[below]!]!;
        const under = at + rowStep;
        target[under + toRed] = reds[(luma + red) >> 16]!;
        target[under + toGreen] = greens[(luma + green) >> 16]!;
        target[under + toBlue] = blues[(luma + blue) >> 16]!;
        luma = Y_TO_ALL[frame[below + 1]!]!;
        const last = next + rowStep;
        target[last + toRed] = reds[(luma + red) >> 16]!;
        target[last + toGreen] = greens[(luma + green) >> 16]!;
        target[last + toBlue] = blues[(luma + blue) >> 16]!;
        at = next + pixelStep;
      }
    }
  };
}
