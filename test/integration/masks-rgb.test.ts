import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { filter } from 'rxjs';
import { fitInside } from '../../models/domain/geometry';
import type { Size } from '../../models/domain/geometry';
import type { Polygon } from '../../models/domain/polygon';
import { decodeInput } from '../../operators/sources/decode-input';
import { isDecodedFrame } from '../../operators/sources/ffmpeg-frames';
import { INPUT } from '../support/masked';
import { isTouched } from '../support/polygons';
import { tempFolder } from '../support/temp-folder';

const MASK: Polygon = [
  [0.6964, 0.7677],
  [0.6974, 0.99],
  [0.6998, 0.6145],
];
const MAGENTA = [255, 0, 255] as const;
const BLACK = { luma: 16, padding: 114, chroma: 128 };
/** Rounding on the way from RGB. */
const TOLERANCE = 2;
const SIZES: readonly Size[] = [
  { width: 320, height: 240 },
  { width: 1280, height: 720 },
  { width: 768, height: 576 },
  { width: 417, height: 255 },
];

describe('pictures in RGB, of one size after the other', () => {
  const folder = join(tempFolder(), 'pictures/');

  /** A black picture whose pixels under the mask are magenta, which differs from black in every plane. */
  function write(name: string, { width, height }: Size): void {
    const corners = MASK.map(([x, y]) => [x * width, y * height] as const);
    const pixels = Buffer.alloc(width * height * 3);
    const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
    for (let y = Math.floor(Math.min(...ys)); y < Math.max(...ys); y++) {
      for (let x = Math.floor(Math.min(...xs)); x < Math.max(...xs); x++) {
        if (isTouched(corners, x + 1e-6, y + 1e-6, x + 1 - 1e-6, y + 1 - 1e-6))
          pixels.set(MAGENTA, (y * width + x) * 3);
      }
    }
    const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-i', 'pipe:0'];
    execFileSync('ffmpeg', ['-v', 'error', ...raw, join(folder, name)], { input: pixels });
  }

  it('show nothing of what lies under a mask, in no plane and no rendition', async () => {
    mkdirSync(folder);
    for (const [index, size] of SIZES.entries()) write(`${index}.png`, size);
    const source = decodeInput({
      request: { kind: 'folder', location: folder, input: INPUT },
      mode: 'recorded',
      detectBuffers: 3,
      view: { budgetBytes: 1 },
      masks: [MASK],
    }).pipe(filter(isDecodedFrame));
    const seen: string[] = [];
    let count = 0;
    await source.forEach(({ shown: { rendition, size }, lease }) => {
      count++;
      const buffer = rendition === 'view' ? SIZES[0]! : INPUT;
      const content = rendition === 'view' ? buffer : fitInside(size, INPUT);
      const luma = buffer.width * buffer.height;
      const { pixels } = lease!;
      for (let at = 0; at < pixels.length; at++) {
        const value = pixels[at]!;
        const isPadding = at % buffer.width >= content.width || at >= content.height * buffer.width;
        const expected = at >= luma ? BLACK.chroma : isPadding ? BLACK.padding : BLACK.luma;
        if (Math.abs(value - expected) > TOLERANCE)
          seen.push(`${rendition} of ${size.width}x${size.height}: byte ${at}: ${value}, not ${expected}`);
      }
      lease!.release();
    });
    expect(count).toBe(2 * SIZES.length);
    expect(seen.slice(0, 10)).toEqual([]);
  });
});
