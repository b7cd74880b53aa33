import type { Detection } from '../../models/domain/detection';
import type { FrameInfo } from '../../models/domain/frame';
import type { EarlierPlace, Track } from '../../models/domain/track';
import type { Box } from '../../models/domain/geometry';
import {
  CENTRE_X,
  CENTRE_Y,
  correctBoxFilter,
  createBoxFilter,
  moveBoxFilter,
  predictBoxFilter,
  velocityOf,
} from './kalman';
import type { BoxFilter } from './kalman';
import { createExpectation, setExpectation } from './cost';
import type { Expectation } from './cost';
import { blendFeatures } from './features';

/** What the tracker remembers of one object; lives from its first detection until it is forgotten. */
export interface TrackState {
  /** 0 while tentative; given at confirmation and never again. */
  number: number;
  readonly epoch: number;
  readonly filter: BoxFilter;
  /** For the frame under way. */
  readonly expected: Expectation;
  box: Box;
  score: number;
  maxScore: number;
  hits: number;
  /** Places while tentative, before the present one; the first and the latest. */
  earlier: readonly EarlierPlace[];
  firstSeenPtsMs: number;
  readonly firstSeenAtMs: number;
  lastSeenPtsMs: number;
  lastSeenAtMs: number;
  /** Observed frames in a row without it. */
  misses: number;
  /** Time since the last detection in which somebody looked, and the rest. */
  observedUnseenMs: number;
  unobservedUnseenMs: number;
  /** Observed time since the first detection. */
  observedAgeMs: number;
  /** Extrapolated since the last detection. */
  coastedMs: number;
  readonly votes: Map<string, number>;
  /** Running mean of what it looks like, unit length; where the detector tells. */
  features: Float32Array | undefined;
  label: string;
}

/** Classes remembered of one track; more come only from a detector gone mad. */
const MAX_LABELS = 16;
const MAX_EARLIER = 8;

/** A tentative track of one detection. */
export function createTrackState({ box, score, label, features }: Detection, frame: FrameInfo): TrackState {
  const filter = createBoxFilter(
    (box[0] + box[2]) / 2,
    (box[1] + box[3]) / 2,
    box[2] - box[0],
    box[3] - box[1],
  );
  return {
    number: 0,
    epoch: frame.segment.epoch,
    filter,
    expected: createExpectation(),
    box,
    score,
    maxScore: score,
    hits: 1,
    earlier: [],
    firstSeenPtsMs: frame.ptsMs,
    firstSeenAtMs: frame.atMs,
    lastSeenPtsMs: frame.ptsMs,
    lastSeenAtMs: frame.atMs,
    misses: 0,
    observedUnseenMs: 0,
    unobservedUnseenMs: 0,
    observedAgeMs: 0,
    coastedMs: 0,
    votes: new Map([[label, score]]),
    features: features?.slice(),
    label,
  };
}

/** A track as somebody else left it, unseen since then; `last` is the last frame before. */
export function restoreTrackState(track: Track, last: FrameInfo): TrackState {
  const { box, score, label, hits, maxScore, lastSeenAtMs } = track;
  const segment = { epoch: track.epoch, isResumed: false };
  const born = { ...last, segment, ptsMs: track.firstSeenPtsMs, atMs: track.firstSeenAtMs };
  return {
    ...createTrackState({ box, score, label }, born),
    number: track.number,
    hits,
    maxScore,
    lastSeenPtsMs: track.lastSeenPtsMs,
    lastSeenAtMs,
    misses: 1,
    unobservedUnseenMs: Math.max(0, last.atMs - lastSeenAtMs),
    votes: new Map([[label, hits * maxScore]]),
  };
}

/** Moves the expectation on in time, by no more than what is left of `coastMs`. */
export function advanceTrack(state: TrackState, elapsedMs: number, coastMs: number): void {
  const stepMs = Math.min(elapsedMs, coastMs - state.coastedMs);
  if (stepMs > 0) {
    const { box, filter } = state;
    predictBoxFilter(filter, stepMs / 1000, Math.sqrt((box[2] - box[0]) * (box[3] - box[1])));
    state.coastedMs += stepMs;
  }
  setExpectation(state.expected, state.filter, state.box);
}

/** Moves the expectation in the picture: the camera has moved. */
export function shiftTrack({ filter, expected }: TrackState, x: number, y: number): void {
  moveBoxFilter(filter, x, y);
  expected.x1 += x;
  expected.x2 += x;
  expected.y1 += y;
  expected.y2 += y;
}

/** Feeds a detection to the track. */
export function hitTrack(state: TrackState, detection: Detection, frame: FrameInfo): void {
  const { filter } = state;
  const { box, score, label, features } = detection;
  correctBoxFilter(filter, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, box[2] - box[0], box[3] - box[1]);
  state.earlier = state.number === 0 ? withPlace(state) : [];
  state.box = box;
  state.score = score;
  state.maxScore = Math.max(state.maxScore, score);
  state.hits++;
  state.lastSeenPtsMs = frame.ptsMs;
  state.lastSeenAtMs = frame.atMs;
  state.misses = 0;
  state.observedUnseenMs = 0;
  state.unobservedUnseenMs = 0;
  state.coastedMs = 0;
  vote(state, label, score);
  if (features !== undefined) state.features = blendFeatures(state.features, features);
}

function withPlace({ earlier, box, lastSeenAtMs }: TrackState): readonly EarlierPlace[] {
  const kept = earlier.length < MAX_EARLIER ? earlier : [earlier[0]!, ...earlier.slice(2)];
  return [...kept, { box, atMs: lastSeenAtMs }];
}

/** Share of the track's votes for a class, 0 to 1. */
export function voteShare({ votes }: TrackState, label: string): number {
  const own = votes.get(label);
  if (own === undefined) return 0;
  if (votes.size === 1) return 1;
  let sum = 0;
  for (const weight of votes.values()) sum += weight;
  return sum > 0 ? own / sum : 0;
}

/** The track as the rest of the pipeline sees it now. */
export function toTrack(state: TrackState): Track {
  return {
    number: state.number,
    epoch: state.epoch,
    label: state.label,
    score: state.score,
    maxScore: state.maxScore,
    box: state.box,
    firstSeenPtsMs: state.firstSeenPtsMs,
    lastSeenPtsMs: state.lastSeenPtsMs,
    firstSeenAtMs: state.firstSeenAtMs,
    lastSeenAtMs: state.lastSeenAtMs,
    velocity: [velocityOf(state.filter, CENTRE_X), velocityOf(state.filter, CENTRE_Y)],
    hits: state.hits,
    isVisible: state.misses === 0,
    ...(state.earlier.length > 0 && { earlier: state.earlier }),
  };
}

/** The class changes only for one with strictly more votes: a tie keeps what was reported. */
function vote(state: TrackState, label: string, score: number): void {
  const { votes } = state;
  if (!votes.has(label) && votes.size >= MAX_LABELS) return;
  const weight = (votes.get(label) ?? 0) + score;
  votes.set(label, weight);
  if (label !== state.label && weight > (votes.get(state.label) ?? 0)) state.label = label;
}
