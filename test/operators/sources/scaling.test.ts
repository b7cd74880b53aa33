import { execFileSync } from 'node:child_process';
import { fitInside } from '../../../models/domain/geometry';
import type { Size } from '../../../models/domain/geometry';
import { decodeArgs } from '../../../operators/sources/ffmpeg-args';

const PAD = 114;
const BACKGROUND = 16;

/** One lavfi picture after a decoder's own filter, as I420. */
function decoded(picture: string, { width, height }: Size, global: readonly string[] = []): Uint8Array {
  const { filter } = decodeArgs({
    kind: 'file',
    location: '/unused.mp4',
    version: [5, 1],
    input: { width, height },
  });
  return execFileSync(
    'ffmpeg',
    [
      ...['-nostdin', '-v', 'error', ...global, '-f', 'lavfi', '-i', picture, '-frames:v', '1'],
      ...['-filter_complex', filter, '-map', '[detect]', '-pix_fmt', 'yuv420p', '-f', 'rawvideo', 'pipe:1'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
}

/** The luma of `decoded`, as rows. */
function scaled(picture: string, size: Size): readonly Uint8Array[] {
  const luma = decoded(picture, size);
  return Array.from({ length: size.height }, (_, y) => luma.subarray(y * size.width, (y + 1) * size.width));
}

/** The weighted middle of what is brighter than the background, in parts of the padded picture. */
function middle(rows: readonly Uint8Array[]) {
  let [sum, x, y] = [0, 0, 0];
  for (const [row, values] of rows.entries()) {
    for (const [column, value] of values.entries()) {
      if (value === PAD) continue;
      const weight = value - BACKGROUND;
      sum += weight;
      x += weight * (column + 0.5);
      y += weight * (row + 0.5);
    }
  }
  return { x: x / sum, y: y / sum };
}

/** A dark picture with one bright rectangle. */
const withRectangle = (width: number, height: number, box: string) =>
  `color=black:s=${width}x${height},format=yuv420p,drawbox=${box}:color=white:t=fill`;

describe('pictures scaled for the detector', () => {
  it.each([
    ['made smaller', 1920, 1080, 1600, 800, { width: 416, height: 256 }],
    ['made smaller by little', 432, 240, 360, 180, { width: 416, height: 256 }],
    ['enlarged', 320, 180, 260, 130, { width: 640, height: 384 }],
    ['enlarged, of an odd width', 350, 202, 260, 130, { width: 640, height: 384 }],
  ])('show things where they are: %s', (_, width, height, x, y, input) => {
    const size = 40;
    const rows = scaled(withRectangle(width, height, `x=${x}:y=${y}:w=${size}:h=${size}`), input);
    const fitted = fitInside({ width, height }, input);
    const found = middle(rows);
    expect(Math.abs(found.x - ((x + size / 2) * fitted.width) / width)).toBeLessThan(0.1);
    expect(Math.abs(found.y - ((y + size / 2) * fitted.height) / height)).toBeLessThan(0.1);
  });

  it('leave no line out', () => {
    // A white line of one pixel in every ten: each pixel of the result is wider than two of them are apart.
    const lines = "color=black:s=4200x2400,format=yuv420p,geq=lum='if(mod(X,10),16,235)':cb=128:cr=128";
    const { x } = middle(scaled(lines, { width: 416, height: 256 }));
    expect(x).toBeCloseTo(208, 0);
    const row = scaled(lines, { width: 416, height: 256 })[100]!;
    expect(Math.min(...row)).toBeGreaterThan(BACKGROUND + 10);
    expect(Math.max(...row)).toBeLessThan(80);
  });

  it('keep the colour of RGB pictures up to the last column', () => {
    const picture = decoded('color=magenta:s=833x513,format=rgb24', { width: 416, height: 256 });
    const [u, v] = [picture.subarray(416 * 256, 416 * 320), picture.subarray(416 * 320)];
    expect([new Set(u), new Set(v)]).toEqual([new Set([202]), new Set([222])]);
  });

  it('are the same on a CPU without vector instructions', () => {
    const source = 'testsrc2=s=1280x720,format=yuvj420p';
    const input = { width: 640, height: 384 };
    expect(decoded(source, input, ['-cpuflags', '0'])).toEqual(decoded(source, input));
  });
});
