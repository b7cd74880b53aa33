import fc from 'fast-check';
import type { Box } from '../../../models/domain/geometry';
import { sharpnessOf, worthOf } from '../../../operators/support/frame-quality';
import { greyPicture, stripedBox } from '../../support/pictures';

const SIZE = { width: 320, height: 180 };
const BOX: Box = [100, 40, 160, 120];

describe('worthOf', () => {
  it('grows with the score and with the size', () => {
    expect(worthOf(0.9, BOX, SIZE)).toBeGreaterThan(worthOf(0.8, BOX, SIZE));
    expect(worthOf(0.9, BOX, SIZE)).toBeGreaterThan(worthOf(0.9, [100, 40, 150, 120], SIZE));
    // Twice as wide and high.
    expect(worthOf(0.5, [20, 20, 60, 60], SIZE) / worthOf(0.5, [20, 20, 40, 40], SIZE)).toBeCloseTo(2);
  });

  it('prefers a sure detection to a somewhat larger one, as who is half hidden is found', () => {
    expect(worthOf(0.75, [100, 40, 140, 140], SIZE)).toBeGreaterThan(worthOf(0.6, [100, 40, 146, 160], SIZE));
  });

  it('takes a half off for each edge of the picture that cuts the object off', () => {
    const whole = worthOf(0.9, [10, 10, 70, 90], SIZE);
    expect(worthOf(0.9, [0, 10, 60, 90], SIZE)).toBeCloseTo(whole / 2);
    expect(worthOf(0.9, [1.5, 10, 61.5, 90], SIZE)).toBeCloseTo(whole / 2);
    expect(worthOf(0.9, [0, 0, 60, 80], SIZE)).toBeCloseTo(whole / 4);
    expect(worthOf(0.9, [260, 100, 320, 180], SIZE)).toBeCloseTo(whole / 4);
    expect(worthOf(0.9, [3, 3, 63, 83], SIZE)).toBeCloseTo(whole);
  });

  it('counts what is in the picture alone', () => {
    expect(worthOf(1, [-50, 50, 30, 90], SIZE)).toBeCloseTo(worthOf(1, [0, 50, 30, 90], SIZE));
    for (const outside of [
      [-50, 0, -10, 10] as const,
      [400, 200, 500, 300] as const,
      [50, 50, 40, 60] as const,
    ]) {
      expect(worthOf(1, outside, SIZE)).toBeCloseTo(0);
    }
  });
});

describe('sharpnessOf', () => {
  it('is more for fine contrast, less for faint or blurred ones, and nothing for a flat picture', () => {
    const of = (choices: { contrast?: number; width?: number }) =>
      sharpnessOf(stripedBox(SIZE, BOX, choices), SIZE, BOX);
    expect(of({ contrast: 60 })).toBeGreaterThan(of({ contrast: 20 }));
    expect(of({ width: 2 })).toBeGreaterThan(of({ width: 8 }));
    expect(of({ contrast: 0 })).toBe(0);
    const ramp = greyPicture(SIZE, (x) => 20 + x / 2);
    expect(sharpnessOf(ramp, SIZE, BOX)).toBeLessThan(0.15);
  });

  it('looks inside the box alone', () => {
    const around: Box = [0, 0, 90, 180];
    expect(sharpnessOf(stripedBox(SIZE, around), SIZE, BOX)).toBe(0);
    expect(sharpnessOf(stripedBox(SIZE, BOX), SIZE, BOX)).toBeGreaterThan(0.5);
  });

  it('is from 0 to below 1 for any box and picture', () => {
    const noise = greyPicture(SIZE, (x, y) => (x * 7919 + y * 104_729) % 251);
    const at = fc.double({ min: -1000, max: 1000, noNaN: true });
    fc.assert(
      fc.property(at, at, at, at, (...box) => {
        const sharp = sharpnessOf(noise, SIZE, box);
        expect(sharp).toBeGreaterThanOrEqual(0);
        expect(sharp).toBeLessThan(1);
      }),
    );
  });
});
