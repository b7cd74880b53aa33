import { i420ByteLength } from '../../../operators/support/i420-painter';
import { boxThicknessPx, captionOf, captionScale, drawTracks } from '../../../operators/support/overlay';
import { trackColour } from '../../../operators/support/palette';
import type { Box } from '../../../models/domain/geometry';
import type { Track } from '../../../models/domain/track';

function track(number: number, box: Box, more: Partial<Track> = {}): Track {
  return {
    number,
    epoch: 0,
    label: 'person',
    score: 0.876,
    maxScore: 0.9,
    box,
    firstSeenPtsMs: 0,
    lastSeenPtsMs: 0,
    firstSeenAtMs: 0,
    lastSeenAtMs: 0,
    velocity: [0, 0],
    hits: 3,
    isVisible: true,
    ...more,
  };
}

const SIZE = { width: 768, height: 576 };
const drawn = (tracks: readonly Track[], size = SIZE, choices = {}) => {
  const pixels = new Uint8Array(i420ByteLength(size));
  drawTracks(pixels, size, tracks, choices);
  return pixels;
};

describe('drawTracks', () => {
  it('puts the outer edges of the lines at the rounded corners of the box', () => {
    const pixels = drawn([track(2, [200.4, 300.6, 260.5, 400.2])]);
    const [luma] = trackColour(2);
    const row = Array.from(pixels.subarray(350 * SIZE.width, 351 * SIZE.width));
    expect(row.flatMap((value, x) => (value === luma ? [x] : []))).toEqual([200, 201, 259, 260]);
    const column = Array.from({ length: SIZE.height }, (_, y) => pixels[y * SIZE.width + 250]);
    expect(column.flatMap((value, y) => (value === luma && y >= 301 ? [y] : []))).toEqual([
      301, 302, 398, 399,
    ]);
  });

  it('leaves out tracks that are not seen in this frame', () => {
    expect(drawn([track(1, [10, 10, 50, 50], { isVisible: false })]).every((value) => value === 0)).toBe(
      true,
    );
  });

  it('puts the caption above the box, or below where the picture ends, or inside where both do', () => {
    const isColoured = (pixels: Uint8Array, x: number, y: number) =>
      pixels[y * SIZE.width + x] === trackColour(1)[0];
    const above = drawn([track(1, [100, 100, 200, 200])]);
    expect([98, 104, 202].map((y) => isColoured(above, 103, y))).toEqual([true, false, false]);
    const below = drawn([track(1, [100, 3, 200, 200])]);
    expect([1, 6, 202].map((y) => isColoured(below, 103, y))).toEqual([false, false, true]);
    const inside = drawn([track(1, [100, 3, 200, 570])]);
    expect([1, 6, 572].map((y) => isColoured(inside, 103, y))).toEqual([false, true, false]);
  });

  it('leaves out a caption that does not fit beside its box, where it must not hide anything', () => {
    const coloured = (box: Box, size = SIZE) =>
      drawn([track(1, box)], size, { mayHide: false })
        .subarray(0, size.width * size.height)
        .filter((luma) => luma === trackColour(1)[0]).length;
    const outline = (width: number, height: number, line: number) =>
      2 * line * (width + height) - 4 * line * line;
    expect(coloured([100, 3, 200, 570])).toBe(outline(100, 567, 2));
    expect(coloured([100, 100, 200, 200])).toBeGreaterThan(outline(100, 100, 2));
    expect(coloured([100, 3, 200, 200])).toBeGreaterThan(outline(100, 197, 2));
    // A cut with room above, but none for the whole line.
    expect(coloured([6, 20, 26, 80], { width: 32, height: 90 })).toBe(outline(20, 60, 1));
  });

  it('does not cover a caption with another one', () => {
    const pixels = drawn([track(1, [100, 100, 200, 200]), track(2, [110, 100, 210, 200])]);
    const lumaAt = (x: number, y: number) => pixels[y * SIZE.width + x];
    expect(lumaAt(113, 98)).toBe(trackColour(1)[0]);
    expect(lumaAt(113, 202)).toBe(trackColour(2)[0]);
  });

  it.each([
    ['partly outside', [-30, -20, 40, 40] as const],
    ['wholly outside', [2000, 2000, 2100, 2100] as const],
    ['without an area', [50, 50, 50, 50] as const],
  ])('draws a box %s without touching anything but the picture', (_name, box) => {
    expect(() => drawn([track(1, box)])).not.toThrow();
    expect(() => drawn([track(1, box)], { width: 3, height: 1 })).not.toThrow();
  });

  it.each([
    [576, 2, 2],
    [720, 2, 2],
    [1080, 3, 3],
    [2160, 6, 7],
    [75, 1, 1],
  ])('at %i rows draws lines of %i pixels and captions of scale %i', (height, thickness, scale) => {
    const size = { width: Math.round((height * 16) / 9), height };
    expect(boxThicknessPx(size)).toBe(thickness);
    expect(captionScale(size)).toBe(scale);
  });

  it('says label, number and score, and shortens a long label', () => {
    expect(captionOf(track(12, [0, 0, 1, 1]))).toBe('person #12');
    expect(captionOf(track(1, [0, 0, 1, 1], { label: 'x'.repeat(100) }))).toBe(`${'x'.repeat(23)}. #1`);
  });
});
