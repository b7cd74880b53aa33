import type { Size } from '../../models/domain/geometry';

/** Size of the detector's input in tests of motion, and of the content in it; below the content there is padding. */
export const INPUT = { width: 208, height: 128 };
export const CONTENT = { width: 208, height: 116 };

// Globals are slow to get at within Jest.
const { cos, floor, imul, log, sin, sqrt, PI } = Math;

/** Luma of one pixel, before noise. */
export type Scene = (x: number, y: number) => number;

/** Numbers from 0 to 1 that are the same on every run (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Walls, windows and a lawn: flat parts, edges and a gradient, 45 to 200 levels bright; for whole x below 1024 and y below 128. */
export function courtyard(x: number, y: number): number {
  return COURTYARD[((y & 127) << 10) | (x & 1023)]!;
}

const COURTYARD = Float32Array.from({ length: 1 << 17 }, (_, at) => {
  const [x, y] = [at & 1023, at >> 10];
  if (y > 80) return 70 + 25 * sin(x * 0.9) * sin(y * 1.1);
  const isWindow = x % 40 > 24 && y % 30 > 16;
  return isWindow ? 45 : 120 + (80 * (x % CONTENT.width)) / CONTENT.width;
});

/** Draws from a normal distribution; a prime number of them, so that no picture's noise repeats the one before. */
const NORMAL = (() => {
  const random = createRandom(1);
  return Float32Array.from({ length: 65_521 }, () => sqrt(-2 * log(1 - random())) * cos(2 * PI * random()));
})();

/** Makes pictures of scenes with the noise of a sensor: a standard deviation in levels, independent for each pixel. */
export function createCamera({ noise = 3, seed = 1 } = {}): (scene: Scene) => Uint8Array {
  const random = createRandom(seed);
  const pixels = new Uint8Array((INPUT.width * INPUT.height * 3) / 2).fill(114);
  const normal = NORMAL;
  const [stride, columns, rows, length] = [INPUT.width, CONTENT.width, CONTENT.height, NORMAL.length];
  return (scene) => {
    let at = floor(random() * length);
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        at = at + 1 === length ? 0 : at + 1;
        const level = (scene(x, y) + noise * normal[at]! + 0.5) | 0;
        pixels[y * stride + x] = level < 16 ? 16 : level > 235 ? 235 : level;
      }
    }
    return pixels;
  };
}

/** A scene with a box of another brightness in front of it. */
export function withBox(scene: Scene, [left, top]: readonly [number, number], size: Size, by: number): Scene {
  return (x, y) => {
    const isInside = x >= left && x < left + size.width && y >= top && y < top + size.height;
    return scene(x, y) + (isInside ? by : 0);
  };
}
