import type { Detection } from '../../../models/domain/detection';
import { createAssociator } from '../../../operators/tracking/association';
import { createDetectionSet } from '../../../operators/tracking/detection-set';
import { advanceTrack, createTrackState, hitTrack } from '../../../operators/tracking/track-state';
import { detectionAt, frameInfo } from '../../support/frames';

const options = { highScore: 0.5, lowScore: 0.2, duplicateIou: 0.8, maxDetections: 100 };

/** A track of three detections at one place, a tenth of a second later. */
function track(x: number, { number = 1, label = 'person', misses = 0 } = {}) {
  const state = createTrackState(detectionAt(x, 200, { label }), frameInfo());
  for (const seq of [1, 2]) {
    advanceTrack(state, 100, 1000);
    hitTrack(state, detectionAt(x, 200, { label }), frameInfo({ seq }));
  }
  advanceTrack(state, 100, 1000);
  state.number = number;
  state.misses = misses;
  return state;
}

function associate(tracks: ReturnType<typeof track>[], detections: Detection[], classPenalty = 0.25) {
  const set = createDetectionSet(detections, options);
  const detectionOf = createAssociator({ classPenalty, appearancePenalty: 0.25 }).associate(tracks, set);
  return tracks.map((_track, i) => set.detections[detectionOf[i]!]);
}

describe('association', () => {
  it('gives each track its own detection', () => {
    const [a, b] = [detectionAt(105, 200), detectionAt(150, 200)];
    expect(associate([track(100), track(155)], [b, a])).toEqual([a, b]);
  });

  it('lets low scores continue tracks in sight, but neither lost nor tentative ones', () => {
    const low = detectionAt(102, 200, { score: 0.3 });
    expect(associate([track(100)], [low])).toEqual([low]);
    expect(associate([track(100, { misses: 3 })], [low])).toEqual([undefined]);
    expect(associate([track(100, { number: 0 })], [low])).toEqual([undefined]);
  });

  it('prefers a high score to a low one that fits better', () => {
    const [high, low] = [detectionAt(106, 200, { score: 0.9 }), detectionAt(100, 200, { score: 0.4 })];
    expect(associate([track(100)], [low, high])).toEqual([high]);
  });

  it('gives a detection to the confirmed track before the tentative one', () => {
    const seen = detectionAt(108, 200);
    expect(associate([track(108, { number: 0 }), track(100)], [seen])).toEqual([undefined, seen]);
  });

  it('finds a track again where it was last seen when the filter expects it elsewhere', () => {
    const walker = createTrackState(detectionAt(100, 200), frameInfo());
    for (let seq = 1; seq <= 10; seq++) {
      advanceTrack(walker, 100, 1000);
      hitTrack(walker, detectionAt(100 + 15 * seq, 200), frameInfo({ seq }));
    }
    walker.number = 1;
    walker.misses = 8;
    advanceTrack(walker, 800, 1000);
    const stopped = detectionAt(252, 200);
    expect(associate([walker], [stopped])).toEqual([stopped]);
  });

  it('prefers the same class, yet takes another when nothing else is there', () => {
    const [car, truck] = [detectionAt(108, 200, { label: 'car' }), detectionAt(98, 200, { label: 'truck' })];
    expect(associate([track(100, { label: 'car' })], [car, truck])).toEqual([car]);
    expect(associate([track(100, { label: 'car' })], [truck])).toEqual([truck]);
  });

  it('keeps classes apart entirely at a penalty of 1', () => {
    const truck = detectionAt(102, 200, { label: 'truck' });
    expect(associate([track(100, { label: 'car' })], [truck], 1)).toEqual([undefined]);
  });
});
