import fc from 'fast-check';
import { createLightMeter } from '../../../operators/motion/light-change';

/** Cells from 40 to 140 levels. */
const BEFORE = Float32Array.from({ length: 300 }, (_, cell) => 40 + cell / 3);
const lit = (offset: number, gain: number) => BEFORE.map((level) => level + offset + gain * level);

describe('the light meter', () => {
  it('finds offset and gain, of a change and of one back, up to what its bins resolve', () => {
    const measure = createLightMeter();
    fc.assert(
      fc.property(
        fc.double({ min: -20, max: 40, noNaN: true }),
        fc.double({ min: -0.3, max: 0.5, noNaN: true }),
        (offset, gain) => {
          const found = measure(BEFORE, lit(offset, gain));
          for (const level of [50, 90, 130]) {
            const [is, was] = [found.offset + found.gain * level, offset + gain * level];
            // Below half a level it may say that nothing changed.
            expect(Math.abs(is - was)).toBeLessThan(1);
          }
        },
      ),
    );
  });

  it('is not swayed by things in a third of the picture', () => {
    const now = lit(6, 0.1).map((level, cell) => (cell % 3 === 0 ? 200 - level : level));
    const { offset, gain } = createLightMeter()(BEFORE, now);
    for (const level of [50, 130]) expect(offset + gain * level).toBeCloseTo(6 + 0.1 * level, -0.5);
  });

  it('finds an offset alone where all cells are about as bright', () => {
    const flat = new Float32Array(300).fill(90);
    expect(
      createLightMeter()(
        flat,
        flat.map((level) => level + 8),
      ),
    ).toEqual({ offset: 8, gain: 0, levels: 8 });
  });

  it('pays no heed to what is black or white, however much of it there is', () => {
    const before = Float32Array.from([
      ...BEFORE,
      ...Array<number>(600).fill(16),
      ...Array<number>(200).fill(235),
    ]);
    const now = Float32Array.from([
      ...lit(10, 0),
      ...Array<number>(600).fill(16),
      ...Array<number>(200).fill(235),
    ]);
    const { offset, gain } = createLightMeter()(before, now);
    expect(offset + gain * 90).toBeCloseTo(10, 0);
  });

  it.each([
    ['too few cells', Float32Array.of(50, 100), Float32Array.of(80, 130)],
    ['no cells', new Float32Array(0), new Float32Array(0)],
    ['nothing but black', new Float32Array(300).fill(90), new Float32Array(300).fill(16)],
    ['the same picture', BEFORE, BEFORE],
    ['as good as the same picture', BEFORE, lit(0.2, 0)],
  ])('says that nothing changed given %s', (_name, before, now) => {
    expect(createLightMeter()(before, now)).toEqual({ offset: 0, gain: 0, levels: 0 });
  });
});
