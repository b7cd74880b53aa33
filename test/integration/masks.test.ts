import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Size } from '../../models/domain/geometry';
import type { Polygon } from '../../models/domain/polygon';
import { makeVideo } from '../fixtures/make-video';
import { BYTE, judge, layoutOf, picturesOf } from '../support/masked';
import { tempFolder } from '../support/temp-folder';

const TRIANGLE: Polygon = [
  [0.03, 0.1],
  [0.41, 0.3],
  [0.2, 0.77],
];
/** Reaches the right and the lower edge, where a margin could run into the padding. */
const CORNER: Polygon = [
  [1, 0.55],
  [1, 1],
  [0.62, 1],
  [0.8, 0.83],
];
const MASKS = [TRIANGLE, CORNER];

describe('masked pictures', () => {
  const folder = tempFolder();

  it.each([
    ['plain', () => makeVideo.plain(folder, { seconds: 1 })],
    ['odd-sized', () => makeVideo.oddSize(folder)],
    ['portrait', () => makeVideo.portrait(folder)],
    ['rotated', () => makeVideo.rotated(folder)],
    ['anamorphic', () => makeVideo.anamorphic(folder)],
    ['larger than the detector', () => makeVideo.plain(folder, { size: '640x360', seconds: 0.2 })],
    ['2x2', () => makeVideo.tiny(folder)],
    ['resized in mid-stream', () => makeVideo.resized(folder)],
  ] as const)('are black within and as they were outside: %s', async (_name, make) => {
    const path = await make();
    const plain = await picturesOf(path, []);
    const masked = await picturesOf(path, MASKS);
    expect(masked.map(({ rendition, size }) => [rendition, size])).toEqual(
      plain.map(({ rendition, size }) => [rendition, size]),
    );
    const viewSize = plain.find(({ rendition }) => rendition === 'view')!.size;
    const judged = new Map<string, Uint8Array>();
    let hidden = 0;
    const wrong: string[] = [];
    for (const [index, picture] of masked.entries()) {
      const { rendition, size, pixels } = picture;
      const key = `${rendition} ${size.width}x${size.height}`;
      const [buffer, content] = layoutOf(picture, viewSize);
      const bytes = judged.get(key) ?? judge(MASKS, size, buffer, content);
      judged.set(key, bytes);
      const before = plain[index]!.pixels;
      const luma = buffer.width * buffer.height;
      expect(pixels).toHaveLength(bytes.length);
      for (let at = 0; at < pixels.length; at++) {
        const isBlack = pixels[at] === (at < luma ? 16 : 128);
        const isSame = pixels[at] === before[at];
        if (!isSame) hidden++;
        if (bytes[at] === BYTE.masked ? isBlack : isSame || (isBlack && bytes[at] === BYTE.margin)) continue;
        wrong.push(`${key} ${index}: byte ${at}: got ${pixels[at]}, was ${before[at]}`);
      }
    }
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(hidden).toBeGreaterThan(0);
    expect([...judged.keys()].length).toBe(path.endsWith('resized.ts') ? 6 : 2);
  });

  it('hides all of every picture, to its edges', async () => {
    const whole: Polygon = [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ];
    for (const { rendition, size, pixels } of await picturesOf(await makeVideo.oddSize(folder), [whole])) {
      if (rendition === 'detect') continue;
      const luma = size.width * size.height;
      expect(new Set(pixels.subarray(0, luma))).toEqual(new Set([16]));
      expect(new Set(pixels.subarray(luma))).toEqual(new Set([128]));
    }
  });
});

/** What lies under a mask, in two pictures that are alike elsewhere. */
const HIDDEN = [
  [16, 16],
  [235, 240],
] as const;

describe('what lies under a mask', () => {
  const folder = tempFolder();

  /** Noise with something under the masks, coded without loss; 4:2:0 or 4:4:4. */
  function stream(
    size: Size,
    isSubsampled: boolean,
    [luma, chroma]: readonly [number, number],
    atSeconds: number,
  ): Buffer {
    const { width, height } = size;
    const divisor = isSubsampled ? 2 : 1;
    const chromaSize = { width: Math.ceil(width / divisor), height: Math.ceil(height / divisor) };
    const bytes = judge(MASKS, size, size, size);
    const planes = [size, chromaSize, chromaSize].map((plane, index) => {
      // A chroma plane of full size is hidden where the luma plane is.
      const first = index > 0 && isSubsampled ? width * height : 0;
      const hidden = index === 0 ? luma : chroma;
      let state = index + 1;
      return Uint8Array.from({ length: plane.width * plane.height }, (_, at) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return bytes[first + at] === BYTE.masked ? hidden : 16 + ((state >>> 24) % 200);
      });
    });
    const raw = ['-f', 'rawvideo', '-pix_fmt', isSubsampled ? 'yuv420p' : 'yuv444p'];
    const lossless = ['-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '0', '-bf', '0'];
    const times = ['-output_ts_offset', `${atSeconds}`, '-muxdelay', '0', '-muxpreload', '0', '-f', 'mpegts'];
    const args = [...raw, '-s', `${width}x${height}`, '-i', 'pipe:0', ...lossless, ...times, 'pipe:1'];
    return execFileSync('ffmpeg', ['-v', 'error', ...args], {
      input: Buffer.concat(planes),
      maxBuffer: 1 << 27,
    });
  }

  type Step = readonly [width: number, height: number];
  it.each<readonly [string, boolean, readonly Step[]]>([
    ['larger than the detector', true, [[624, 352]]],
    ['a little larger, with full chroma', false, [[480, 270]]],
    ['of its size, with full chroma', false, [[416, 256]]],
    ['a little smaller, with full chroma', false, [[400, 240]]],
    ['smaller', true, [[160, 120]]],
    ['odd, with full chroma', false, [[101, 75]]],
    ['much smaller, with full chroma', false, [[24, 16]]],
    [
      'that becomes smaller',
      true,
      [
        [320, 240],
        [176, 144],
        [64, 48],
      ],
    ],
    [
      'that becomes larger',
      true,
      [
        [160, 120],
        [176, 144],
        [480, 270],
      ],
    ],
    [
      'that turns, with full chroma',
      false,
      [
        [160, 120],
        [120, 160],
        [400, 60],
      ],
    ],
  ])('leaves no trace in any picture %s', async (_name, isSubsampled, steps) => {
    const path = join(folder, 'hidden.ts');
    const runs = [];
    for (const hidden of HIDDEN) {
      const parts = steps.map(([width, height], index) =>
        stream({ width, height }, isSubsampled, hidden, 1 + index / 25),
      );
      writeFileSync(path, Buffer.concat(parts));
      runs.push({ plain: await picturesOf(path, []), masked: await picturesOf(path, MASKS) });
    }
    const [one, other] = runs as [(typeof runs)[0], (typeof runs)[0]];
    expect(one.masked).toHaveLength(2 * steps.length);
    for (const [index, { rendition, size, pixels }] of one.masked.entries()) {
      const isSame = Buffer.compare(pixels, other.masked[index]!.pixels) === 0;
      expect([rendition, size, isSame]).toEqual([rendition, size, true]);
      expect(Buffer.compare(one.plain[index]!.pixels, other.plain[index]!.pixels)).not.toBe(0);
    }
  });
});
