import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { createNutReader } from '../../../operators/sources/nut-reader';

interface Read {
  readonly ptsMs: number;
  readonly bytes: Buffer;
}

/** Decodes with FFmpeg's own NUT muxer. */
function nut(size: string, frames: number, extra: readonly string[] = []): Buffer {
  const source = `testsrc2=s=${size}:r=10:d=${frames / 10}`;
  const output = ['-c:v', 'rawvideo', '-pix_fmt', 'yuv420p', '-f', 'nut', '-write_index', '0', 'pipe:1'];
  return execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', source, ...extra, ...output], {
    maxBuffer: 1 << 26,
  });
}

function rawFrames(size: string, frames: number): Buffer {
  const source = `testsrc2=s=${size}:r=10:d=${frames / 10}`;
  const output = ['-pix_fmt', 'yuv420p', '-f', 'rawvideo', 'pipe:1'];
  return execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', source, ...output], {
    maxBuffer: 1 << 26,
  });
}

/** Reads in chunks of the given lengths (repeated), saying 'wait' on every call that `isFull` is true for. */
function readAll(
  stream: Buffer,
  chunkLengths: readonly number[],
  isFull: (call: number) => boolean = () => false,
): Read[] {
  const read: Read[] = [];
  let buffer = Buffer.alloc(0);
  let calls = 0;
  const reader = createNutReader({
    onFrameStart: ({ byteLength }) => (isFull(calls++) ? 'wait' : (buffer = Buffer.alloc(byteLength))),
    onFrameEnd: ({ ptsMs }) => read.push({ ptsMs, bytes: buffer }),
  });
  for (let offset = 0, at = 0; offset < stream.length; at++) {
    let chunk = stream.subarray(offset, offset + chunkLengths[at % chunkLengths.length]!);
    offset += chunk.length;
    while (chunk.length > 0) chunk = chunk.subarray(reader.push(chunk));
  }
  return read;
}

describe('createNutReader', () => {
  const stream = nut('32x24', 7);
  const raw = rawFrames('32x24', 7);

  it('gives the very pixels and pts that FFmpeg muxed', () => {
    const frames = readAll(stream, [65536]);
    expect(frames.map(({ ptsMs }) => Math.round(ptsMs))).toEqual([0, 100, 200, 300, 400, 500, 600]);
    expect(Buffer.concat(frames.map(({ bytes }) => bytes)).equals(raw)).toBe(true);
  });

  it('reads the same whatever the chunks and however often it must wait', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 2, max: 5 }), (chunkLengths, period) => {
        const frames = readAll(stream, chunkLengths, (call) => call % period === 0);
        expect(frames).toHaveLength(7);
        expect(Buffer.concat(frames.map(({ bytes }) => bytes)).equals(raw)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it.each(['2x2', '101x75', '34x2'])('reads pictures of %s, whose first bytes NUT may leave out', (size) => {
    const frames = readAll(nut(size, 3), [777]);
    expect(Buffer.concat(frames.map(({ bytes }) => bytes)).equals(rawFrames(size, 3))).toBe(true);
  });

  it('reads past a frame that has no buffer', () => {
    const seen: number[] = [];
    const reader = createNutReader({
      onFrameStart: () => 'discard',
      onFrameEnd: ({ ptsMs }) => seen.push(Math.round(ptsMs)),
    });
    expect(reader.push(stream)).toBe(stream.length);
    expect(seen).toHaveLength(7);
  });

  it('keeps exact pts over gaps larger than the delta of its frame codes', () => {
    const frames = readAll(
      nut('32x24', 4, [
        '-vf',
        "settb=1/90000,setpts='(N*N*N*7+N)/TB/3'",
        '-fps_mode',
        'passthrough',
        '-enc_time_base',
        '1/90000',
      ]),
      [4096],
    );
    expect(frames.map(({ ptsMs }) => Math.round(ptsMs))).toEqual([0, 2667, 19333, 64000]);
  });

  it('refuses bytes that are no NUT stream', () => {
    const reader = createNutReader({ onFrameStart: () => 'discard', onFrameEnd: () => undefined });
    expect(() => reader.push(Buffer.alloc(4096, 1))).toThrow('corrupt: decoded video: expected a NUT stream');
  });
});
