import { PipelineError } from '../../models/domain/errors';

/** The bytes that begin a NUT file. */
export const NUT_FILE_ID: Uint8Array = new TextEncoder().encode('nut/multimedia container\0');

/** What the headers read so far say; kept by the reader between calls. */
export interface NutState {
  isStarted: boolean;
  /** Pts of the frame or synchronisation point before, in units of the stream's time base. */
  lastPts: number;
  main?: MainHeader;
  stream?: StreamHeader;
}

interface MainHeader {
  /** Seconds a tick, `[numerator, denominator]`. */
  readonly timeBases: readonly (readonly [number, number])[];
  readonly codes: readonly FrameCode[];
  /** Bytes that begin small frames and are left out of them, by index; 0 is none. */
  readonly elisions: readonly Uint8Array[];
}

interface StreamHeader {
  readonly timeBase: readonly [number, number];
  readonly msbPtsShift: number;
}

interface FrameCode {
  readonly flags: number;
  readonly ptsDelta: number;
  readonly sizeMul: number;
  readonly sizeLsb: number;
  readonly reserved: number;
  readonly headerIdx: number;
}

const FLAG = {
  key: 1,
  codedPts: 8,
  streamId: 16,
  sizeMsb: 32,
  checksum: 64,
  reserved: 128,
  sideData: 256,
  headerIdx: 1024,
  matchTime: 2048,
  coded: 4096,
  invalid: 8192,
} as const;

// The last seven bytes of the start codes; all begin with 'N'.
const MAIN = 'M';
const STREAM = 'S';
const SYNCPOINT = 'K';

/** Reads variable-length integers; `isShort` once the bytes did not suffice. */
class Cursor {
  isShort = false;
  readonly bytes: Uint8Array;
  offset: number;

  constructor(bytes: Uint8Array, offset: number) {
    this.bytes = bytes;
    this.offset = offset;
  }

  byte(): number {
    const value = this.bytes[this.offset++];
    if (value !== undefined) return value;
    this.isShort = true;
    return 0;
  }

  /** Seven bits a byte, most significant first, the top bit set on all but the last. */
  v(): number {
    let value = 0;
    for (;;) {
      const byte = this.byte();
      value = value * 128 + (byte & 127);
      if (byte < 128) return value;
    }
  }

  /** Signed: 0, 1, -1, 2, -2, … */
  s(): number {
    const value = this.v() + 1;
    return value % 2 === 1 ? -Math.floor(value / 2) : Math.floor(value / 2);
  }

  /** A length and that many bytes. */
  vb(): Uint8Array {
    const length = this.v();
    this.offset += length;
    if (this.offset > this.bytes.length) this.isShort = true;
    return this.bytes.slice(this.offset - length, this.offset);
  }
}

/** Reads the packet at `offset` into `state`; returns its length, or 0 when it is not whole yet. */
export function readNutHeader(state: NutState, bytes: Uint8Array, offset: number): number {
  const cursor = new Cursor(bytes, offset + 8);
  const length = cursor.v();
  // A packet longer than 4096 bytes has a checksum of its header too.
  if (length > 4096) cursor.offset += 4;
  if (cursor.isShort || bytes.length < cursor.offset + length) return 0;
  const end = cursor.offset + length;
  const kind = String.fromCharCode(bytes[offset + 1]!);
  if (kind === MAIN) state.main = readMain(cursor);
  else if (kind === STREAM) state.stream = readStream(cursor, state.main);
  else if (kind === SYNCPOINT) state.lastPts = readSyncpoint(cursor, state);
  return end - offset;
}

function readMain(cursor: Cursor): MainHeader {
  const version = cursor.v();
  if (version > 3) cursor.v();
  cursor.v();
  cursor.v();
  const timeBases: [number, number][] = [];
  for (let left = cursor.v(); left > 0; left--) timeBases.push([cursor.v(), cursor.v()]);
  const codes = readFrameCodes(cursor);
  const elisions: Uint8Array[] = [new Uint8Array(0)];
  for (let left = cursor.v(); left > 0; left--) elisions.push(cursor.vb());
  return { timeBases, codes, elisions };
}

function readFrameCodes(cursor: Cursor): FrameCode[] {
  const codes: FrameCode[] = [];
  const sticky = { ptsDelta: 0, sizeMul: 1, headerIdx: 0 };
  while (codes.length < 256) {
    const flags = cursor.v();
    const fields = cursor.v();
    if (fields > 0) sticky.ptsDelta = cursor.s();
    if (fields > 1) sticky.sizeMul = cursor.v();
    if (fields > 2) cursor.v();
    const size = fields > 3 ? cursor.v() : 0;
    const reserved = fields > 4 ? cursor.v() : 0;
    const count = fields > 5 ? cursor.v() : sticky.sizeMul - size;
    if (fields > 6) cursor.s();
    if (fields > 7) sticky.headerIdx = cursor.v();
    for (let extra = 8; extra < fields; extra++) cursor.v();
    if (cursor.isShort)
      throw new PipelineError('corrupt', 'decoded video: expected a NUT main header, got part of one');
    for (let j = 0; j < count && codes.length < 256; j++) {
      // 'N' begins start codes, so it can be no frame code.
      if (codes.length === 0x4e) codes.push({ flags: FLAG.invalid, sizeLsb: 0, reserved: 0, ...sticky });
      codes.push({ flags, sizeLsb: size + j, reserved, ...sticky });
    }
  }
  return codes.slice(0, 256);
}

function readStream(cursor: Cursor, main: MainHeader | undefined): StreamHeader {
  const id = cursor.v();
  if (id !== 0) throw new PipelineError('corrupt', `decoded video: expected one stream, got number ${id}`);
  cursor.v();
  cursor.vb();
  const timeBase = main?.timeBases[cursor.v()];
  if (timeBase === undefined)
    throw new PipelineError('corrupt', 'decoded video: expected a time base, got none');
  return { timeBase, msbPtsShift: cursor.v() };
}

function readSyncpoint(cursor: Cursor, { main, stream }: NutState): number {
  const value = cursor.v();
  if (main === undefined || stream === undefined) return 0;
  const from = main.timeBases[value % main.timeBases.length]!;
  const ticks = Math.floor(value / main.timeBases.length);
  const [num, den] = stream.timeBase;
  return Math.floor((ticks * from[0] * den) / (from[1] * num));
}

export interface NutFrameHeader {
  readonly headerLength: number;
  readonly byteLength: number;
  readonly pts: number;
  readonly ptsMs: number;
  readonly isKey: boolean;
  /** First bytes of the frame that are not in the stream. */
  readonly elided?: Uint8Array;
}

/** Reads the frame header at `offset`; undefined when it is not whole yet. Changes nothing. */
export function readNutFrameHeader(
  { main, stream, lastPts }: NutState,
  bytes: Uint8Array,
  offset: number,
): NutFrameHeader | undefined {
  if (main === undefined || stream === undefined) {
    throw new PipelineError('corrupt', 'decoded video: expected NUT headers, got a frame');
  }
  const cursor = new Cursor(bytes, offset);
  const code = main.codes[cursor.byte()]!;
  let flags = code.flags;
  if (flags & FLAG.invalid)
    throw new PipelineError('corrupt', 'decoded video: expected a frame, got an invalid code');
  if (flags & FLAG.coded) flags ^= cursor.v();
  if (flags & FLAG.streamId) cursor.v();
  const pts =
    flags & FLAG.codedPts ? wholePts(cursor.v(), stream.msbPtsShift, lastPts) : lastPts + code.ptsDelta;
  const sizeMsb = flags & FLAG.sizeMsb ? cursor.v() : 0;
  if (flags & FLAG.matchTime) cursor.s();
  const headerIdx = flags & FLAG.headerIdx ? cursor.v() : code.headerIdx;
  let reserved = flags & FLAG.reserved ? cursor.v() : code.reserved;
  for (; reserved > 0; reserved--) cursor.v();
  if (flags & FLAG.checksum) cursor.offset += 4;
  if (cursor.isShort || cursor.offset > bytes.length) return undefined;
  if (flags & FLAG.sideData)
    throw new PipelineError('corrupt', 'decoded video: expected plain frames, got side data');
  const byteLength = code.sizeLsb + sizeMsb * code.sizeMul;
  // Only frames this small have their first bytes left out (libavformat/nutenc.c).
  const elided = byteLength <= 4096 && headerIdx > 0 ? main.elisions[headerIdx] : undefined;
  const [num, den] = stream.timeBase;
  return {
    headerLength: cursor.offset - offset,
    byteLength,
    pts,
    ptsMs: (pts * num * 1000) / den,
    isKey: (flags & FLAG.key) !== 0,
    ...(elided !== undefined && { elided }),
  };
}

/** The pts nearest to the last one whose lower bits are `coded`, or the whole pts behind an escape. */
function wholePts(coded: number, shift: number, lastPts: number): number {
  const span = 2 ** shift;
  if (coded >= span) return coded - span;
  const base = lastPts - Math.floor((span - 1) / 2);
  return base + ((((coded - base) % span) + span) % span);
}
