import { createAssignmentSolver } from './assignment';
import { lastSeenCost, motionCost, onGrid } from './cost';
import type { DetectionSet } from './detection-set';
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
}

/** Worst cost of a pair at each stage. A low score proves less, so it has to fit better; so has a first impression. */
const HIGH_LIMIT = 0.75;
const LOW_LIMIT = 0.5;
const LAST_SEEN_LIMIT = 0.75;
const TENTATIVE_LIMIT = 0.75;

type Cost = (track: TrackState, corners: Float64Array, at: number) => number;

const byMotion: Cost = (track, corners, at) => motionCost(track.expected, corners, at);
const byLastSeen: Cost = (track, corners, at) => lastSeenCost(track.box, corners, at);

/** Creates an associator; `classPenalty` as in the tracker's options. */
export function createAssociator({ classPenalty }: AssociatorOptions): Associator {
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

  function stage(
    tracks: readonly TrackState[],
    { corners, detections }: DetectionSet,
    [from, to]: readonly [number, number],
    limit: number,
    costOf: Cost,
    takesPart: (track: TrackState) => boolean,
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
      for (const column of columns) {
        let pairCost = costOf(track, corners, column * 4);
        const { label } = detections[column]!;
        if (pairCost <= limit && (label !== track.label || track.votes.size > 1)) {
          pairCost += classPenalty * (1 - voteShare(track, label));
        }
        cost[next++] = onGrid(pairCost);
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

  return {
    associate(tracks, set) {
      const { highCount } = set;
      reserve(tracks.length, set.detections.length);
      const high = [0, highCount] as const;
      const low = [highCount, set.detections.length] as const;
      stage(tracks, set, high, HIGH_LIMIT, byMotion, isConfirmed);
      stage(tracks, set, low, LOW_LIMIT, byMotion, isInSight);
      stage(tracks, set, high, LAST_SEEN_LIMIT, byLastSeen, isConfirmed);
      stage(tracks, set, high, TENTATIVE_LIMIT, byMotion, isTentative);
      return detectionOf;
    },
  };
}

function isConfirmed({ number }: TrackState): boolean {
  return number > 0;
}

function isTentative({ number }: TrackState): boolean {
  return number === 0;
}

function isInSight({ number, misses }: TrackState): boolean {
  return number > 0 && misses === 0;
}
