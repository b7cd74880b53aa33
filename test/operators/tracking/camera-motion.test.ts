import { createCameraMotion } from '../../../operators/tracking/camera-motion';
import { createDetectionSet } from '../../../operators/tracking/detection-set';
import { advanceTrack, createTrackState } from '../../../operators/tracking/track-state';
import { createTracker } from '../../../operators/tracking/tracker';
import type { TrackUpdate } from '../../../operators/tracking/tracker';
import { detectionAt, frameInfo } from '../../support/frames';

const options = { highScore: 0.5, lowScore: 0.2, duplicateIou: 0.8, maxDetections: 100 };
/** Places far enough apart that each detection is clearly of one track. */
const PLACES = Array.from(
  { length: 12 },
  (_, i) => [100 + 150 * (i % 4), 150 + 250 * Math.floor(i / 4)] as const,
);

function tracks(count = PLACES.length) {
  return PLACES.slice(0, count).map(([x, y], i) => {
    const state = createTrackState(detectionAt(x, y), frameInfo());
    state.number = i + 1;
    advanceTrack(state, 100, 1000);
    return state;
  });
}

function estimate(moves: (i: number) => readonly [number, number], count?: number) {
  const detections = PLACES.map(([x, y], i) => detectionAt(x + moves(i)[0], y + moves(i)[1]));
  const motion = createCameraMotion();
  const hasMoved = motion.estimate(tracks(count), createDetectionSet(detections, options));
  return hasMoved ? [motion.x, motion.y] : undefined;
}

describe('camera motion', () => {
  it('is what all tracks were moved by', () => {
    const [x, y] = estimate(() => [20, -15])!;
    expect([x, y]).toEqual([20, -15]);
  });

  it('is that of most where some moved on their own', () => {
    expect(estimate((i) => (i % 4 === 0 ? [0, 0] : [20, 0]))).toEqual([20, 0]);
    expect(estimate((i) => [i % 2 === 0 ? 20 : -20, 0])).toBeUndefined();
  });

  it('is not told from a few that move together', () => {
    expect(estimate(() => [20, 0], 9)).toBeUndefined();
    expect(estimate(() => [20, 0], 10)).toEqual([20, 0]);
  });

  it('leaves out tracks that are tentative or out of sight', () => {
    const set = createDetectionSet(
      PLACES.map(([x, y]) => detectionAt(x + 20, y)),
      options,
    );
    const tentative = tracks().map((state, i) => Object.assign(state, i < 4 && { number: 0 }));
    const unseen = tracks().map((state, i) => Object.assign(state, i < 4 && { misses: 1 }));
    expect(createCameraMotion().estimate(tentative, set)).toBe(false);
    expect(createCameraMotion().estimate(unseen, set)).toBe(false);
  });

  it('keeps the numbers of all when the camera is nudged further than objects overlap', () => {
    const tracker = createTracker();
    const narrow = PLACES.map(([x, y]) => [x, y] as const);
    let update: TrackUpdate | undefined;
    for (let seq = 0; seq < 12; seq++) {
      const nudge = seq < 6 ? 0 : 38;
      update = tracker.update(
        frameInfo({ seq }),
        narrow.map(([x, y]) => detectionAt(x + nudge, y)),
      );
    }
    expect(update!.tracks.map(({ number }) => number)).toEqual(PLACES.map((_place, i) => i + 1));
    expect(update!.tracks.every(({ isVisible }) => isVisible)).toBe(true);
  });
});
