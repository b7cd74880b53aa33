import fc from 'fast-check';
import { createMotionModel } from '../../../operators/motion/motion-model';
import { CONTENT, INPUT, courtyard, createCamera, createRandom, withBox } from '../../support/scenes';

const OPTIONS = { minContrast: 8, minAreaFraction: 0.001 };
const pictureOf = (seed: number, scene = courtyard) => createCamera({ noise: 2, seed })(scene).slice();

describe('the motion model, whatever comes', () => {
  it('says the same of the same pictures, with anything in their padding and chroma', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 190 }), (seed, left) => {
        const random = createRandom(seed);
        const [one, other] = [0, 1].map(() => createMotionModel(CONTENT, INPUT.width, OPTIONS));
        for (let frame = 0; frame < 12; frame++) {
          const scene = frame < 6 ? courtyard : withBox(courtyard, [left, 40], { width: 16, height: 20 }, 60);
          const picture = pictureOf(seed + frame, scene);
          const scribbled = picture.map((level, at) =>
            at < INPUT.width * CONTENT.height ? level : Math.floor(256 * random()),
          );
          const change = one!.update(frame * 100, picture);
          expect(other!.update(frame * 100, scribbled)).toBe(change);
          if (frame > 0) expect(change).toBe(frame < 6 ? 'still' : 'motion');
        }
      }),
      { numRuns: 20 },
    );
  });

  it('sees nothing that differs from the background by less than the least contrast', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = createRandom(seed);
        const model = createMotionModel(CONTENT, INPUT.width, OPTIONS);
        const picture = pictureOf(1);
        model.update(0, picture);
        for (let frame = 1; frame < 10; frame++) {
          const flickered = picture.map((level) => level + Math.floor(7 * random()) - 3);
          expect(model.update(frame * 100, flickered)).toBe('still');
        }
      }),
      { numRuns: 20 },
    );
  });

  it('never takes a black part for motion, in whatever light the rest comes and goes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 51 }).map((cell) => cell * 4),
        fc.array(fc.double({ min: 0.97, max: 1.03, noNaN: true }), { minLength: 5, maxLength: 20 }),
        (edge, steps) => {
          const model = createMotionModel(CONTENT, INPUT.width, OPTIONS);
          let gain = 0.8;
          const changes = steps.map((step, frame) => {
            gain = Math.min(1, gain * step);
            const light = gain;
            const masked = pictureOf(frame, (x, y) => 16 + (courtyard(x, y) - 16) * light);
            for (let y = 0; y < CONTENT.height; y++) masked.fill(16, y * INPUT.width, y * INPUT.width + edge);
            return model.update(frame * 100, masked);
          });
          expect(changes.slice(1).filter((change) => change !== 'still')).toEqual([]);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('takes any picture at any time, of any shape', () => {
    fc.assert(
      fc.property(
        fc.record({ width: fc.integer({ min: 2, max: 40 }), height: fc.integer({ min: 2, max: 40 }) }),
        fc.array(fc.tuple(fc.double(), fc.integer()), { minLength: 1, maxLength: 8 }),
        (content, frames) => {
          const model = createMotionModel(content, 40, OPTIONS);
          for (const [ptsMs, seed] of frames) {
            const random = createRandom(seed);
            const pixels = Uint8Array.from({ length: 40 * 40 }, () => 256 * random());
            expect(['still', 'motion', 'scene']).toContain(model.update(ptsMs, pixels));
          }
          // Whatever it has learnt, it learns this picture as well.
          const black = new Uint8Array(40 * 40).fill(16);
          for (let frame = 0; frame < 8; frame++) model.update(1e6 + 1000 * frame, black);
          expect(model.update(1e6 + 8000, black)).toBe('still');
        },
      ),
      { numRuns: 60 },
    );
  });
});
