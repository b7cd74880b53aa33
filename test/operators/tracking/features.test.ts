import fc from 'fast-check';
import { blendFeatures, unlikeness } from '../../../operators/tracking/features';
import { createTracker } from '../../../operators/tracking/tracker';
import type { TrackUpdate } from '../../../operators/tracking/tracker';
import { detectionAt, frameInfo } from '../../support/frames';

const RED = Float32Array.of(1, 0);
const BLUE = Float32Array.of(0, 1);

describe('features', () => {
  it('are alike by their angle, where they can be compared', () => {
    expect(unlikeness(RED, RED)).toBe(0);
    expect(unlikeness(RED, BLUE)).toBe(0.5);
    expect(unlikeness(RED, Float32Array.of(-1, 0))).toBe(1);
    expect(unlikeness(undefined, RED)).toBeUndefined();
    expect(unlikeness(RED, Float32Array.of(1, 0, 0))).toBeUndefined();
    expect(unlikeness(RED, Float32Array.of(NaN, 0))).toBeUndefined();
  });

  it('keep unit length as they follow what is seen, and begin anew with another length', () => {
    fc.assert(
      fc.property(fc.double({ min: -3.1, max: 3.1, noNaN: true }), (angle) => {
        const blended = blendFeatures(RED.slice(), Float32Array.of(Math.cos(angle), Math.sin(angle)));
        expect(Math.hypot(...blended)).toBeCloseTo(1, 5);
      }),
    );
    expect(blendFeatures(RED.slice(), Float32Array.of(0, 0, 1))).toEqual(Float32Array.of(0, 0, 1));
    const seen = BLUE.slice();
    expect(blendFeatures(undefined, seen)).not.toBe(seen);
  });

  it('tell two people apart who swap places behind something', () => {
    const play = (hasFeatures: boolean) => {
      const tracker = createTracker({ appearancePenalty: 1 });
      const person = (x: number, features: Float32Array) => ({
        ...detectionAt(x, 200),
        ...(hasFeatures && { features }),
      });
      let update: TrackUpdate | undefined;
      for (let seq = 0; seq < 14; seq++) {
        const isHidden = seq >= 6 && seq < 9;
        const [a, b] = seq < 9 ? [100, 120] : [120, 100];
        update = tracker.update(frameInfo({ seq }), isHidden ? [] : [person(a, RED), person(b, BLUE)]);
      }
      return update!.tracks.map(({ number, box }) => `${number} at ${(box[0] + box[2]) / 2}`);
    };
    expect(play(false)).toEqual(['1 at 100', '2 at 120']);
    expect(play(true)).toEqual(['1 at 120', '2 at 100']);
  });
});
