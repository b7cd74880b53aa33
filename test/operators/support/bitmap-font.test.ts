import { GLYPH_ROWS, glyphInk } from '../../../operators/support/bitmap-font';

const PRINTABLE = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));

describe('glyphInk', () => {
  it('has another picture for each printable character, and none for the space', () => {
    const pictures = new Set(PRINTABLE.map((character) => JSON.stringify(glyphInk(character, 1))));
    expect(pictures.size).toBe(95);
    expect(glyphInk(' ', 1)).toEqual([]);
  });

  it('stays inside its cell at every scale', () => {
    for (const scale of [1, 2, 3, 4, 7, 16]) {
      for (const character of PRINTABLE) {
        const isInside = glyphInk(character, scale).every(
          ([y, x1, x2]) => y >= 0 && y < GLYPH_ROWS * scale && x1 >= 0 && x1 < x2 && x2 <= 5 * scale,
        );
        expect(isInside).toBe(true);
      }
    }
  });

  it('keeps straight strokes straight when it scales', () => {
    expect(glyphInk('-', 3)).toEqual([9, 10, 11].map((y) => [y, 0, 15]));
  });

  it('shows a question mark for what it cannot draw', () => {
    expect(glyphInk('ü', 2)).toEqual(glyphInk('?', 2));
  });

  it('refuses a scale that is no whole number', () => {
    expect(() => glyphInk('a', 1.5)).toThrow('glyph scale: expected a whole number from 1 to 16, got 1.5');
  });
});
