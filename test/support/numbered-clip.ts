import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fitInside } from '../../models/domain/geometry';
import type { Size } from '../../models/domain/geometry';
import { PLAZA } from './sightline';

/** The clip's pictures: 24 s, 10 a second, 768x576. */
const PICTURES = 240;
export const INTERVAL_MS = 100;
const SOURCE: Size = { width: 768, height: 576 };

/** A picture's number as eight squares along its upper edge, white for a one, least significant first. */
const BITS = 8;
const PITCH_PX = SOURCE.width / BITS;
const SQUARE_PX = 48;

/** The clip with the number of each picture drawn in, made smaller by that factor. Returns its path. */
export async function drawPattern(folder: string, smaller = 1): Promise<string> {
  const path = join(folder, `numbered-${smaller}.mp4`);
  const size = `scale=${SOURCE.width / smaller}:${SOURCE.height / smaller}:flags=area`;
  const squares = Array.from({ length: BITS }, (_, bit) => {
    const isOne = `mod(floor(n/${2 ** bit})\\,2)`;
    return `drawbox=x=${bit * PITCH_PX}:y=0:w=${SQUARE_PX}:h=${SQUARE_PX}:color=white:t=fill:enable='${isOne}'`;
  });
  const band = `drawbox=x=0:y=0:w=${SOURCE.width}:h=${SQUARE_PX}:color=black:t=fill`;
  const filter = ['-vf', [band, ...squares, size].join(','), '-preset', 'ultrafast', '-crf', '18'];
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-nostdin', '-i', PLAZA, ...filter, '-y', path]);
  return path;
}

/** The number drawn into a picture, from its luma at the detector's size. */
export function readPattern(pixels: Uint8Array, input: Size): number {
  const scale = fitInside(SOURCE, input).width / SOURCE.width;
  const at = (x: number, y: number) => pixels[Math.round(y * scale) * input.width + Math.round(x * scale)]!;
  let number = 0;
  for (let bit = 0; bit < BITS; bit++) {
    if (at(bit * PITCH_PX + SQUARE_PX / 2, SQUARE_PX / 2) > 128) number += 2 ** bit;
  }
  return number;
}

/** Of so many pictures sent, the last one of this number: the clip goes round. */
export function lastOf(sent: number, number: number): number {
  const last = sent - 1;
  return last - ((((last - number) % PICTURES) + PICTURES) % PICTURES);
}
