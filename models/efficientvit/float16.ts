/** Half-precision numbers (IEEE 754 binary16) as their 16 bits: Node.js 20 has no array of them. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The nearest half-precision number, ties to even; what is too large becomes infinite. */
export function toHalf(value: number): number {
  float[0] = value;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const size = Math.abs(float[0]);
  if (Number.isNaN(size)) return 0x7e00;
  // Half of the step above the largest number, 65504.
  if (size >= 65520) return sign | 0x7c00;
  // Below 2^-14 the steps stay those of 2^-24.
  const exponent = Math.max(Math.floor(Math.log2(size)), -14);
  const steps = roundToEven(size / 2 ** (exponent - 10));
  // A full 2048 steps carries into the exponent by itself.
  return sign | (((exponent + 14) << 10) + steps);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The number of 16 bits. */
function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

let all: Float32Array | undefined;

/** Half-precision numbers as single-precision ones, exactly. */
export function fromHalves(halves: Uint16Array): Float32Array {
  all ??= Float32Array.from({ length: 0x10000 }, (_, half) => fromHalf(half));
  const floats = new Float32Array(halves.length);
  for (let at = 0; at < halves.length; at++) floats[at] = all[halves[at]!]!;
  return floats;
}
