import { i420ByteLength } from '../../../operators/support/i420-painter';
import { trackColour } from '../../../operators/support/palette';
import { drawRules } from '../../../operators/support/rules-overlay';
import type { DrawnRules } from '../../../operators/support/rules-overlay';
import { isWithin } from '../../../operators/support/shape-painter';

const SIZE = { width: 400, height: 400 };
const GREY = 100;

function drawn(rules: Partial<DrawnRules>, size = SIZE): Uint8Array {
  const pixels = new Uint8Array(i420ByteLength(size)).fill(GREY);
  drawRules(pixels, size, { zones: [], lines: [], ground: [], ...rules });
  return pixels;
}

const at = (pixels: Uint8Array, x: number, y: number) => pixels[y * SIZE.width + x]!;
const SQUARE = [
  [0.3, 0.3],
  [0.7, 0.3],
  [0.7, 0.7],
  [0.3, 0.7],
] as const;

describe('drawRules', () => {
  it('draws a grid that lets the picture through, and nothing between', () => {
    const pixels = drawn({});
    for (const x of [0, 100, 200, 300, 399]) expect(at(pixels, x, 150)).toBeGreaterThan(GREY);
    expect(at(pixels, 100, 150)).toBeLessThan(200);
    expect([at(pixels, 50, 150), at(pixels, 250, 350)]).toEqual([GREY, GREY]);
  });

  it('tints a zone, draws its outline in full and its name in it', () => {
    const pixels = drawn({ zones: [{ name: 'yard', points: SQUARE }] });
    const [luma, u] = trackColour(1);
    expect(at(pixels, 150, 150)).toBe(Math.round(GREY + (luma - GREY) * 0.3));
    expect(at(pixels, 120, 150)).toBe(luma);
    expect(at(pixels, 110, 150)).toBe(GREY);
    // The name's ground, to the left of its first letter.
    expect(at(pixels, 188, 196)).toBe(luma);
    expect(pixels[SIZE.width * SIZE.height + 75 * 200 + 75]).toBe(Math.round(GREY + (u - GREY) * 0.3));
  });

  it('fills nothing of the notch of a zone that is not convex', () => {
    const points = [
      [0.1, 0.1],
      [0.9, 0.1],
      [0.5, 0.5],
      [0.9, 0.9],
      [0.1, 0.9],
    ] as const;
    const pixels = drawn({ zones: [{ name: 'notch', points }] });
    expect(at(pixels, 330, 210)).toBe(GREY);
    expect(at(pixels, 150, 150)).not.toBe(GREY);
  });

  it('marks the places of the ground, each with its metres beneath', () => {
    const pixels = drawn({ ground: [{ point: [0.7, 0.6], metres: [-1.5, 12] }] });
    for (const [x, y] of [
      [275, 240],
      [285, 240],
      [280, 235],
      [280, 245],
    ] as const)
      expect(at(pixels, x, y)).toBe(235);
    expect([at(pixels, 270, 240), at(pixels, 285, 235)]).toEqual([GREY, GREY]);
    expect(pixels.subarray(252 * 400, 270 * 400)).toContain(16);
  });

  it('points the arrow of a line to the right of its way, whichever way it goes', () => {
    const [luma] = trackColour(1);
    const up = drawn({
      lines: [
        {
          name: 'a',
          points: [
            [0.5, 0.9],
            [0.5, 0.1],
          ],
          band: 0,
        },
      ],
    });
    expect([at(up, 225, 201), at(up, 174, 201)]).toEqual([luma, GREY]);
    const down = drawn({
      lines: [
        {
          name: 'a',
          points: [
            [0.5, 0.1],
            [0.5, 0.9],
          ],
          band: 0,
        },
      ],
    });
    expect([at(down, 225, 201), at(down, 174, 201)]).toEqual([GREY, luma]);
  });

  it('draws the arrow of a line at the edge before the line, where it is seen', () => {
    const [luma] = trackColour(1);
    const pixels = drawn({
      lines: [
        {
          name: 'a',
          points: [
            [0.02, 0.1],
            [0.02, 0.9],
          ],
          band: 0,
        },
      ],
    });
    const row = Array.from({ length: 40 }, (_, x) => at(pixels, 10 + x, 200) === luma);
    expect(row.lastIndexOf(true)).toBeGreaterThan(30);
  });

  it('tints the band of a line, so wide on either side as it is in heights of the picture', () => {
    const line = {
      name: 'a',
      points: [
        [0.1, 0.6],
        [0.9, 0.6],
      ],
      band: 0.05,
    } as const;
    const pixels = drawn({ lines: [line] });
    // Between two lines of the grid.
    const ys = Array.from({ length: 90 }, (_, row) => 205 + row).filter((y) => at(pixels, 60, y) !== GREY);
    expect([ys[0], ys.at(-1), ys.length]).toEqual([220, 259, 40]);
  });

  it('takes shapes at and over the edges, and pictures of odd and tiny sizes', () => {
    const points = [
      [0, 0],
      [1, 0],
      [1, 1],
    ] as const;
    const line = { name: 'edge', points: [points[0], points[1]], band: 0.5 } as const;
    for (const size of [SIZE, { width: 101, height: 37 }, { width: 3, height: 2 }])
      expect(() => drawn({ zones: [{ name: 'x'.repeat(63), points }], lines: [line] }, size)).not.toThrow();
  });

  it('refuses bytes of another size', () => {
    expect(() => drawRules(new Uint8Array(5), SIZE, { zones: [], lines: [], ground: [] })).toThrow(
      'I420 picture of 400x400: expected 240000 bytes, got 5',
    );
  });
});

describe('isWithin', () => {
  const whole = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
  ] as const;
  it('is true where others cover a polygon together, and not where they leave a part', () => {
    const left = [whole[0], [0.5, 0], [0.5, 1], whole[3]] as const;
    const right = [[0.5, 0], whole[1], whole[2], [0.5, 1]] as const;
    expect(isWithin(SQUARE, [left, right], SIZE)).toBe(true);
    expect(isWithin(SQUARE, [left], SIZE)).toBe(false);
    expect(isWithin(SQUARE, [], SIZE)).toBe(false);
  });
});
