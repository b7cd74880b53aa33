// Not Jest's `expect`: in loops over thousands of tracks it took most of the time.
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import fc from 'fast-check';
import type { Detection } from '../../../models/domain/detection';
import { createTracker } from '../../../operators/tracking/tracker';
import type { TrackUpdate } from '../../../operators/tracking/tracker';
import type { TrackerOptions } from '../../../operators/tracking/options';
import { frameInfo } from '../../support/frames';

interface Step {
  readonly what: 'update' | 'skip' | 'pass' | 'rebase' | 'end';
  readonly afterMs: number;
  readonly wallMs: number;
  readonly detections: readonly Detection[];
}

/** Mostly boxes that get in each other's way, and some that no picture holds. */
const place = fc.oneof(
  { weight: 15, arbitrary: fc.integer({ min: 0, max: 60 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(-9_999_999, 9_999_999, 1e300, 5e-324, NaN, Infinity, -Infinity),
  },
);
const side = fc.oneof(
  { weight: 15, arbitrary: fc.integer({ min: 20, max: 60 }) },
  { weight: 1, arbitrary: fc.constantFrom(1e-3, 0, -1, 1e6, 1.9e7, 1e300, NaN) },
);
const features = fc.option(
  fc
    .array(fc.constantFrom(0, 1, -1, NaN, Infinity, 3e38, 1e-38), { maxLength: 4 })
    .map((values) => new Float32Array(values)),
  { nil: undefined },
);
const detection = fc
  .record({
    ...{ x: place, y: place, width: side, height: side, features },
    score: fc.constantFrom(0, 0.1, 0.5, 0.6, 0.9, 1, NaN, -1, 2),
    label: fc.constantFrom('person', 'car', ''),
  })
  .map(({ x, y, width, height, score, label, features }): Detection => ({
    ...{ score, label, box: [x, y, x + width, y + height] },
    ...(features !== undefined && { features }),
  }));
/** Time that goes on, stands, goes back and jumps. */
const time = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -100, 1e6, -1e9, 1e12, 1e-9) },
);
const step: fc.Arbitrary<Step> = fc.record({
  what: fc.oneof(
    { weight: 8, arbitrary: fc.constant('update' as const) },
    { weight: 2, arbitrary: fc.constantFrom('skip', 'pass', 'rebase', 'end') },
  ),
  ...{ afterMs: time, wallMs: time, detections: fc.array(detection, { maxLength: 14 }) },
});
const options = fc.record({
  confirmHits: fc.constantFrom(1, 3),
  lowScore: fc.constantFrom(0, 0.1),
  forgetAfterMs: fc.constantFrom(0, 1500),
  coastMs: fc.constantFrom(0, 1000, 1e9),
  maxTracks: fc.constantFrom(1, 5, 256),
  maxDetections: fc.constantFrom(1, 7, 100),
});

function play(steps: readonly Step[], given: TrackerOptions): readonly TrackUpdate[] {
  const tracker = createTracker(given);
  let ptsMs = 0;
  let atMs = 1e12;
  return steps.map(({ what, afterMs, wallMs, detections }, seq) => {
    ptsMs += afterMs;
    atMs += wallMs;
    const frame = frameInfo({ seq, ptsMs, atMs });
    if (what === 'end') return { tracks: [], started: [], ended: tracker.endAll('discontinuity') };
    if (what === 'skip' || what === 'pass') return tracker[what](frame);
    if (what === 'rebase') tracker.rebase(frame);
    return tracker.update(frame, detections);
  });
}

describe('whatever a tracker is given, it', () => {
  it('counts tracks on, begins and ends each once, holds few, and takes each detection once', () => {
    let visibleCount = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 40 }), options, (steps, given) => {
        const open = new Set<number>();
        let lastNumber = 0;
        for (const [index, { tracks, started, ended }] of play(steps, given).entries()) {
          const { what, detections } = steps[index]!;
          for (const { number } of started) {
            strictEqual(number, ++lastNumber);
            open.add(number);
          }
          for (const { track } of ended) ok(open.delete(track.number));
          deepStrictEqual(
            tracks.map(({ number }) => number),
            [...open].sort((a, b) => a - b),
          );
          ok(tracks.length <= given.maxTracks);
          const numbers = tracks.flatMap((track): unknown[] => [
            ...Object.values(track),
            ...track.box,
            ...track.velocity,
          ]);
          ok(numbers.every((value) => typeof value !== 'number' || Number.isFinite(value)));
          if (what !== 'update' && what !== 'rebase') continue;
          const boxes = tracks.flatMap(({ isVisible, box }) => (isVisible ? [box] : []));
          visibleCount += boxes.length;
          strictEqual(new Set(boxes).size, boxes.length);
          ok(boxes.every((box) => detections.some((one) => one.box === box)));
        }
      }),
      { numRuns: 100 },
    );
    expect(visibleCount).toBeGreaterThan(1000);
  });

  it('does not care for the order of detections', () => {
    const distinct = (detections: readonly Detection[]) => [
      ...new Map(detections.map((one) => [JSON.stringify([one.score, one.box, one.label]), one])).values(),
    ];
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 40 }), options, (steps, given) => {
        const forward = steps.map((one) => ({ ...one, detections: distinct(one.detections) }));
        const backward = forward.map((one) => ({ ...one, detections: [...one.detections].reverse() }));
        deepStrictEqual(play(backward, given), play(forward, given));
      }),
      { numRuns: 100 },
    );
  });
});
