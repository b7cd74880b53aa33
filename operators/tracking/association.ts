import type { Detection } from '../../models/domain/detection';
import { createAssignmentSolver } from './assignment';
import { lastSeenCost, motionCost, onGrid } from './cost';
import type { DetectionSet } from './detection-set';
import { unlikeness } from './features';
import { voteShare } from './track-state';
import type { TrackState } from './track-state';

/** Pairs one frame's detections with the tracks; keeps its working memory from call to call. */
export interface Associator {
  /**
   * Writes each track's detection, or -1, to the result (valid until the next call), in four stages, each with what the
   * ones before left over: confirmed tracks with high scores where the filter expects them; those still in sight with low
   * scores; confirmed tracks with high scores where they were last seen; tentative tracks with high scores.
   *
   * Two stages by score after ByteTrack (Zhang et al. 2022), the last observation after OC-SORT (Cao et al. 2023).
   */
  associate(tracks: readonly TrackState[], set: DetectionSet): Int32Array;
}

export interface AssociatorOptions {
  readonly classPenalty: number;
  readonly appearancePenalty: number;
}

/** One round of pairing. */
interface Stage {
  /** Worst cost of a pair. A low score proves less, so it has to fit better; so has a place where somebody was last seen. */
  readonly limit: number;
  /**
   * How much of a pair's merit (1 - cost) is that of the detection's score: of two that fit, the surer one is the object
   * (after ByteTrack).
   */
  readonly scoreShare: number;
  /** What a second out of sight adds to the cost, at most: the longer nobody saw it, the less proves that it is the same. */
  readonly unseenPenalty: number;
  readonly costOf: (track: TrackState, corners: Float64Array, at: number) => number;
  readonly takesPart: (track: TrackState) => boolean;
}

const whereExpected: Stage['costOf'] = ({ expected }, corners, at) => motionCost(expected, corners, at);
const whereLastSeen: Stage['costOf'] = ({ box }, corners, at) => lastSeenCost(box, corners, at);

const CONFIRMED: Stage = {
  limit: 0.75,
  scoreShare: 0.6,
  unseenPenalty: 0.15,
  costOf: whereExpected,
  takesPart: ({ number }) => number > 0,
};
const IN_SIGHT: Stage = {
  limit: 0.5,
  scoreShare: 0,
  unseenPenalty: 0,
  costOf: whereExpected,
  takesPart: ({ number, misses }) => number > 0 && misses === 0,
};
const LAST_SEEN: Stage = {
  limit: 0.5,
  scoreShare: 0,
  unseenPenalty: 0,
  costOf: whereLastSeen,
  takesPart: CONFIRMED.takesPart,
};
const TENTATIVE: Stage = { ...CONFIRMED, takesPart: ({ number }) => number === 0 };

/** Creates an associator; penalties as in the tracker's options. */
export function createAssociator({ classPenalty, appearancePenalty }: AssociatorOptions): Associator {
  const solver = createAssignmentSolver();
  const rows: number[] = [];
  const columns: number[] = [];
  let cost = new Float64Array(0);
  let columnOf = new Int32Array(0);
  let detectionOf = new Int32Array(0);
  let isTaken = new Uint8Array(0);

  function reserve(trackCount: number, detectionCount: number): void {
    if (detectionOf.length < trackCount) {
      detectionOf = new Int32Array(trackCount * 2);
      columnOf = new Int32Array(trackCount * 2);
    }
    if (isTaken.length < detectionCount) isTaken = new Uint8Array(detectionCount * 2);
    if (cost.length < trackCount * detectionCount) cost = new Float64Array(trackCount * detectionCount * 2);
    detectionOf.fill(-1, 0, trackCount);
    isTaken.fill(0, 0, detectionCount);
  }

  function pair(
    { limit, scoreShare, unseenPenalty, costOf, takesPart }: Stage,
    tracks: readonly TrackState[],
    { corners, detections }: DetectionSet,
    [from, to]: readonly [number, number],
  ): void {
    columns.length = 0;
    for (let column = from; column < to; column++) if (isTaken[column] === 0) columns.push(column);
    if (columns.length === 0) return;
    rows.length = 0;
    for (let row = 0; row < tracks.length; row++) {
      if (detectionOf[row]! < 0 && takesPart(tracks[row]!)) rows.push(row);
    }
    if (rows.length === 0) return;
    let next = 0;
    for (const row of rows) {
      const track = tracks[row]!;
      const unseen = unseenPenalty * Math.min(1, track.observedUnseenMs / 1000);
      for (const column of columns) {
        let pairCost = costOf(track, corners, column * 4);
        if (pairCost <= limit) {
          const detection = detections[column]!;
          const merit = (1 - pairCost) * (1 - scoreShare * (1 - detection.score));
          pairCost = onGrid(1 - merit + unseen + penaltyOf(track, detection));
        }
        cost[next++] = pairCost;
      }
    }
    solver.solve(cost, rows.length, columns.length, limit, columnOf);
    for (let i = 0; i < rows.length; i++) {
      if (columnOf[i]! < 0) continue;
      const column = columns[columnOf[i]!]!;
      detectionOf[rows[i]!] = column;
      isTaken[column] = 1;
    }
  }

  function penaltyOf(track: TrackState, { label, features }: Detection): number {
    let sum = 0;
    if (label !== track.label || track.votes.size > 1) sum += classPenalty * (1 - voteShare(track, label));
    if (features !== undefined) sum += appearancePenalty * (unlikeness(track.features, features) ?? 0);
    return sum;
  }

  return {
    associate(tracks, set) {
      const { highCount } = set;
      reserve(tracks.length, set.detections.length);
      const high = [0, highCount] as const;
      const low = [highCount, set.detections.length] as const;
      pair(CONFIRMED, tracks, set, high);
      pair(IN_SIGHT, tracks, set, low);
      pair(LAST_SEEN, tracks, set, high);
      pair(TENTATIVE, tracks, set, high);
      return detectionOf;
    },
  };
}
