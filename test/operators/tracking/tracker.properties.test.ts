// Not Jest's `expect`: in loops over thousands of tracks it took most of the time.
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import fc from 'fast-check';
import type { Detection } from '../../../models/domain/detection';
import type { Track } from '../../../models/domain/track';
import { createTracker } from '../../../operators/tracking/tracker';
import type { TrackUpdate } from '../../../operators/tracking/tracker';
import { frameInfo } from '../../support/frames';

type Scene = readonly (readonly Detection[] | 'unobserved')[];

interface Walker {
  readonly x: number;
  readonly y: number;
  readonly speedX: number;
  readonly speedY: number;
  readonly label: string;
  readonly scores: readonly number[];
  readonly hidden: readonly boolean[];
  readonly jitter: readonly number[];
}

const FRAMES = 40;
/** Pixels in 64ths: sums of them and of whole pixels are exact, so a moved picture holds the very same scene. */
const pixels = (min: number, max: number) => fc.integer({ min: min * 64, max: max * 64 }).map((n) => n / 64);
const perFrame = <T>(value: fc.Arbitrary<T>) => fc.array(value, { minLength: FRAMES, maxLength: FRAMES });

const walker: fc.Arbitrary<Walker> = fc.record({
  x: pixels(0, 600),
  y: pixels(0, 400),
  speedX: pixels(-20, 20),
  speedY: pixels(-10, 10),
  label: fc.constantFrom('person', 'car', 'dog'),
  scores: perFrame(fc.double({ min: 0.1, max: 1, noNaN: true })),
  hidden: perFrame(fc.integer({ min: 0, max: 9 }).map((n) => n < 2)),
  jitter: perFrame(pixels(-3, 3)),
});

/** Walkers that hide, flicker and meet, with frames nobody looks at. */
const scene: fc.Arbitrary<Scene> = fc
  .tuple(fc.array(walker, { maxLength: 8 }), perFrame(fc.integer({ min: 0, max: 9 }).map((n) => n === 0)))
  .map(([walkers, blind]) =>
    blind.map((isBlind, i) => (isBlind ? 'unobserved' : walkers.flatMap(seenIn(i)))),
  );

const seenIn =
  (i: number) =>
  (w: Walker): Detection[] => {
    if (w.hidden[i] === true) return [];
    const x = w.x + w.speedX * i + w.jitter[i]!;
    const y = w.y + w.speedY * i - w.jitter[i]!;
    return [{ label: w.label, score: w.scores[i]!, box: [x, y, x + 40.25 + w.jitter[i]!, y + 90.75] }];
  };

function play(frames: Scene): TrackUpdate[] {
  const tracker = createTracker();
  const updates = frames.map((detections, seq) => {
    const frame = frameInfo({ seq });
    return detections === 'unobserved' ? tracker.skip(frame) : tracker.update(frame, detections);
  });
  return [...updates, { tracks: [], started: [], ended: tracker.endAll('completed') }];
}

const map = (frames: Scene, change: (detections: readonly Detection[]) => readonly Detection[]): Scene =>
  frames.map((detections) => (detections === 'unobserved' ? detections : change(detections)));

describe('for every scene the tracker', () => {
  it('feeds a detection to at most one track, and reports only boxes and scores it was given', () => {
    fc.assert(
      fc.property(scene, (frames) => {
        for (const [i, { tracks }] of play(frames).entries()) {
          const given = frames[i];
          if (given === undefined || given === 'unobserved') continue;
          const visible = tracks.filter(({ isVisible }) => isVisible);
          strictEqual(new Set(visible.map(({ box }) => box)).size, visible.length);
          for (const { box, score } of visible) {
            ok(given.some((detection) => detection.box === box && detection.score === score));
          }
        }
      }),
    );
  });

  it('starts and ends each number exactly once, in this order, and lists it in between', () => {
    fc.assert(
      fc.property(scene, (frames) => {
        const open = new Set<number>();
        let lastNumber = 0;
        for (const { tracks, started, ended } of play(frames)) {
          for (const { number } of started) {
            strictEqual(number, ++lastNumber);
            open.add(number);
          }
          for (const { track } of ended) ok(open.delete(track.number));
          const numbers = tracks.map(({ number }) => number);
          if (tracks.length > 0)
            deepStrictEqual(
              numbers,
              [...open].sort((a, b) => a - b),
            );
        }
        expect(open.size).toBe(0);
      }),
    );
  });

  it('does not care for the order of detections', () => {
    fc.assert(
      fc.property(scene, (frames) => {
        deepStrictEqual(play(map(frames, (detections) => [...detections].reverse())), play(frames));
      }),
    );
  });

  it('gives the same answer twice', () => {
    fc.assert(fc.property(scene, (frames) => deepStrictEqual(play(frames), play(frames))));
  });

  it('gives finite numbers, whatever the boxes and scores are', () => {
    const wild = fc.record({
      label: fc.string(),
      score: fc.double(),
      box: fc.tuple(fc.double(), fc.double(), fc.double(), fc.double()),
    });
    fc.assert(
      fc.property(fc.array(fc.array(wild, { maxLength: 5 }), { maxLength: 10 }), scene, (noise, frames) => {
        let i = 0;
        const noisy = map(frames, (detections) => [
          ...detections,
          ...(noise[i++ % (noise.length + 1)] ?? []),
        ]);
        for (const { tracks } of play(noisy))
          for (const track of tracks) ok(numbersOf(track).every(Number.isFinite));
      }),
    );
  });

  it('gives finite numbers for a box of next to no size that is not looked at for long', () => {
    const tiny: Detection = { label: '', score: 0.42, box: [0, -5e-324, 5e-324, 0] };
    const frames: Scene = [[tiny], ...Array.from({ length: 35 }, () => 'unobserved' as const), [], []];
    for (const { tracks } of play(frames))
      for (const track of tracks) ok(numbersOf(track).every(Number.isFinite));
  });

  it('sees the same after a long time in which nothing moved and nobody looked', () => {
    const playAfter = (passed: number, frames: Scene) => {
      const tracker = createTracker();
      for (let seq = 0; seq < 5; seq++) tracker.update(frameInfo({ seq }), []);
      for (let seq = 5; seq < 5 + passed; seq++) tracker.pass(frameInfo({ seq }));
      return frames.map((detections, i) => {
        const frame = frameInfo({ seq: 5 + passed + i });
        return detections === 'unobserved' ? tracker.skip(frame) : tracker.update(frame, detections);
      });
    };
    fc.assert(
      fc.property(scene, fc.integer({ min: 1, max: 200 }), (frames, passed) => {
        deepStrictEqual(summary(playAfter(passed, frames)), summary(playAfter(0, frames)));
      }),
    );
  });

  it('keeps something for as long as it says that it must', () => {
    const options = fc.record({
      forgetAfterMs: fc.integer({ min: 0, max: 2000 }),
      unobservedCapMs: fc.integer({ min: 0, max: 2000 }),
    });
    let promises = 0;
    fc.assert(
      fc.property(
        scene,
        options,
        fc.infiniteStream(fc.integer({ min: 1, max: 400 })),
        (frames, given, steps) => {
          const tracker = createTracker(given);
          let untilPtsMs = -Infinity;
          let ptsMs = 0;
          for (const [seq, detections] of frames.entries()) {
            ptsMs += steps.next().value as number;
            if (ptsMs < untilPtsMs) {
              promises++;
              expect(tracker.isTracking).toBe(true);
            }
            const frame = frameInfo({ seq, ptsMs });
            if (detections === 'unobserved') tracker.skip(frame);
            else tracker.update(frame, detections);
            untilPtsMs = Math.max(untilPtsMs, tracker.tracksUntilPtsMs);
          }
          tracker.endAll('completed');
          expect([tracker.isTracking, tracker.tracksUntilPtsMs]).toEqual([false, -Infinity]);
        },
      ),
    );
    expect(promises).toBeGreaterThan(100);
  });

  it('sees the same in a picture moved by whole pixels', () => {
    const offset = fc.integer({ min: -2000, max: 2000 });
    fc.assert(
      fc.property(scene, offset, offset, (frames, dx, dy) => {
        const moved = map(frames, (detections) =>
          detections.map((detection) => {
            const [x1, y1, x2, y2] = detection.box;
            return { ...detection, box: [x1 + dx, y1 + dy, x2 + dx, y2 + dy] as const };
          }),
        );
        deepStrictEqual(summary(play(moved)), summary(play(frames)));
      }),
    );
  });
});

/** What does not depend on where and when. */
function summary(updates: readonly TrackUpdate[]): unknown {
  return updates.map(({ tracks, ended }) => [
    tracks.map(({ number, hits, label, score, isVisible }) => [number, hits, label, score, isVisible]),
    ended.map(({ track, reason }) => [track.number, reason]),
  ]);
}

function numbersOf(track: Track): number[] {
  return [...Object.values(track), ...track.box, ...track.velocity].filter(
    (value) => typeof value === 'number',
  );
}
