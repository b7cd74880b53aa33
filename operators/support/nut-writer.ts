import type { Size } from '../../models/domain/geometry';

export interface NutWriterOptions extends Size {
  /** Width to height of one pixel; absent when not known. */
  readonly sampleAspect?: readonly [num: number, den: number];
  /** Seconds a tick of the pts. */
  readonly timeBase: readonly [num: number, den: number];
  /** Four letters that name the codec; default I420, which is raw. */
  readonly fourCc?: string;
}

/** Writes the bytes around the pictures of one stream, each of which can be decoded alone. */
export interface NutWriter {
  /** What comes before the first frame. */
  header(): Uint8Array;
  /** What comes before the `byteLength` bytes of a picture; `pts` in ticks, 0 or more, growing. */
  frameHeader(pts: number, byteLength: number): Uint8Array;
}

const FILE_ID = new TextEncoder().encode('nut/multimedia container\0');
const START_CODES = {
  main: [0x4e, 0x4d, 0x7a, 0x56, 0x1f, 0x5f, 0x04, 0xad],
  stream: [0x4e, 0x53, 0x11, 0x40, 0x5b, 0xf2, 0xf9, 0xdb],
  syncpoint: [0x4e, 0x4b, 0xe4, 0xad, 0xee, 0xca, 0x45, 0x69],
} as const;

const VERSION = 3;
/** A synchronisation point at least every so many bytes, the most a reader must accept: with raw video, before each frame. */
const MAX_DISTANCE = 65_536;
/** Pts below 2 to this power are differences; whole ones are written with that much added. */
const MSB_PTS_SHIFT = 7;
const FRAME_CODE = 0;
const FLAG_KEY = 1;
const FLAG_CODED_PTS = 8;
const FLAG_SIZE_MSB = 32;
const FLAG_CHECKSUM = 64;
const FLAG_INVALID = 8192;
const CLASS_VIDEO = 0;

/**
 * The least of NUT (DOCS/tech/nut.txt of MPlayer) that carries one stream of pictures with any growing pts:
 * one frame code, whole pts, a synchronisation point before every frame, no index.
 */
export function createNutWriter({
  width,
  height,
  sampleAspect,
  timeBase,
  fourCc = 'I420',
}: NutWriterOptions): NutWriter {
  const [aspectNum, aspectDen] = sampleAspect ?? [0, 0];
  return {
    header() {
      const main = [
        ...v(VERSION),
        ...v(1),
        ...v(MAX_DISTANCE),
        ...v(1),
        ...v(timeBase[0]),
        ...v(timeBase[1]),
        ...frameCodes(),
        ...v(0),
      ];
      const stream = [
        ...v(0),
        ...v(CLASS_VIDEO),
        ...v(fourCc.length),
        ...new TextEncoder().encode(fourCc),
        ...v(0),
        ...v(MSB_PTS_SHIFT),
        ...v(timeBase[1]),
        ...v(0),
        ...v(0),
        ...v(0),
        ...v(width),
        ...v(height),
        ...v(aspectNum),
        ...v(aspectDen),
        ...v(0),
      ];
      return Uint8Array.from([
        ...FILE_ID,
        ...packet(START_CODES.main, main),
        ...packet(START_CODES.stream, stream),
      ]);
    },
    frameHeader(pts, byteLength) {
      if (!Number.isSafeInteger(pts) || pts < 0)
        throw new RangeError(`pts: expected 0 or more ticks, got ${pts}`);
      const syncpoint = packet(START_CODES.syncpoint, [...v(pts), ...v(0)]);
      const frame = [FRAME_CODE, ...v(pts + (1 << MSB_PTS_SHIFT)), ...v(byteLength)];
      return Uint8Array.from([...syncpoint, ...frame, ...u32(crc(frame))]);
    },
  };
}

/** Code 0 is the frame above; all others are declared invalid. */
function frameCodes(): number[] {
  const [ptsDelta, sizeMul, streamId, sizeLsb, reserved] = [0, 1, 0, 0, 0];
  const fields = [...v(ptsDelta), ...v(sizeMul), ...v(streamId), ...v(sizeLsb), ...v(reserved)];
  const code = (flags: number, count: number) => [...v(flags), ...v(6), ...fields, ...v(count)];
  // 'N' begins start codes and is left out of the count.
  return [...code(FLAG_KEY | FLAG_CODED_PTS | FLAG_SIZE_MSB | FLAG_CHECKSUM, 1), ...code(FLAG_INVALID, 254)];
}

/** Start code, length of the rest, payload, checksum of the payload. */
function packet(startCode: readonly number[], payload: readonly number[]): number[] {
  return [...startCode, ...v(payload.length + 4), ...payload, ...u32(crc(payload))];
}

/** A whole number of 0 or more: seven bits a byte, most significant first, the top bit set on all but the last. */
function v(value: number): number[] {
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128))
    bytes.unshift(128 + (rest % 128));
  return bytes;
}

function u32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

/** CRC-32 of polynomial 0x04C11DB7, most significant bit first, from 0, not inverted. */
function crc(bytes: readonly number[]): number {
  let rest = 0;
  for (const byte of bytes) {
    rest ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) rest = rest < 0 ? (rest << 1) ^ 0x04c11db7 : rest << 1;
  }
  return rest >>> 0;
}
