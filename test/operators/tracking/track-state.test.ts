import {
  advanceTrack,
  createTrackState,
  hitTrack,
  toTrack,
  voteShare,
} from '../../../operators/tracking/track-state';
import { detectionAt, frameInfo } from '../../support/frames';

const seen = (label: string, score = 0.8) => detectionAt(100, 200, { label, score });

describe('the state of a track', () => {
  it('changes class only for one with strictly more votes, weighted by score', () => {
    const state = createTrackState(seen('car', 0.5), frameInfo());
    hitTrack(state, seen('truck', 0.5), frameInfo({ seq: 1 }));
    expect(toTrack(state).label).toBe('car');
    hitTrack(state, seen('truck', 0.25), frameInfo({ seq: 2 }));
    expect(toTrack(state).label).toBe('truck');
    expect(voteShare(state, 'truck')).toBe(0.6);
    expect(voteShare(state, 'boat')).toBe(0);
  });

  it('remembers a bounded number of classes', () => {
    const state = createTrackState(seen('car'), frameInfo());
    for (let i = 0; i < 100; i++) hitTrack(state, seen(`class ${i}`), frameInfo({ seq: i + 1 }));
    expect(state.votes.size).toBe(16);
  });

  it('is extrapolated by no more than coastMs since its last detection', () => {
    const state = createTrackState(seen('car'), frameInfo());
    for (let seq = 1; seq <= 10; seq++) {
      advanceTrack(state, 100, 500);
      hitTrack(state, detectionAt(100 + 10 * seq, 200), frameInfo({ seq }));
    }
    advanceTrack(state, 500, 500);
    const { expected } = state;
    advanceTrack(state, 3_600_000, 500);
    expect(state.expected).toEqual(expected);
    expect((expected.x1 + expected.x2) / 2).toBeCloseTo(250, -1);
  });
});
