import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fitInside } from '../../models/domain/geometry';
import { decodeArgs } from '../../operators/sources/ffmpeg-args';

const run = promisify(execFile);

describe('fitInside', () => {
  const sources: readonly (readonly [number, number])[] = [
    ...([
      [1920, 1080],
      [1280, 720],
      [640, 480],
      [640, 360],
      [768, 576],
      [704, 576],
      [352, 288],
    ] as const),
    ...([
      [2592, 1944],
      [3840, 2160],
      [4096, 2160],
      [2560, 1440],
      [1080, 1920],
      [720, 1280],
    ] as const),
    ...([
      [416, 256],
      [415, 257],
      [417, 255],
      [832, 512],
      [101, 75],
      [75, 101],
      [2, 2],
    ] as const),
    ...([
      [1, 1],
      [16, 4096],
      [4096, 16],
      [333, 777],
      [1366, 768],
      [1023, 767],
      [640, 385],
    ] as const),
  ];

  it.each([
    { width: 416, height: 256 },
    { width: 640, height: 384 },
  ])('is what FFmpeg scales to for a detector of $width x $height', async (input) => {
    const { filter } = decodeArgs({ kind: 'file', location: '/', version: [5, 1], input });
    const [, afterShowinfo] = filter.split('showinfo@detect=checksum=0,') as [string, string];
    const [scale] = afterShowinfo.split(',pad=') as [string];
    const chains = sources.map(
      ([width, height], index) =>
        `nullsrc=size=${width}x${height}:duration=0.04,format=yuv444p,${scale},showinfo@n${index}=checksum=0[o${index}]`,
    );
    const outputs = sources.flatMap((_, index) => ['-map', `[o${index}]`, '-f', 'null', '-']);
    const { stderr } = await run(
      'ffmpeg',
      ['-hide_banner', '-nostats', '-filter_complex', chains.join(';'), ...outputs],
      { maxBuffer: 1 << 24 },
    );
    const scaled = new Map(
      [...stderr.matchAll(/^\[showinfo@n(\d+) .*? n: *0 .*? s:(\d+)x(\d+) /gm)].map(
        ([, index, width, height]) => [Number(index), { width: Number(width), height: Number(height) }],
      ),
    );
    expect(sources.map((_, index) => scaled.get(index))).toEqual(
      sources.map(([width, height]) => fitInside({ width, height }, input)),
    );
  });
});
