import type { DetectionSet } from './detection-set';
import type { TrackState } from './track-state';

/** Finds by how much a whole picture moved more than its tracks were expected to: a camera that was nudged, panned or shook. */
export interface CameraMotion {
  /**
   * Looks at the tracks in sight and the detections with high scores of the frame under way. True when they moved together by
   * `x` and `y` pixels, which stand until the next call.
   */
  estimate(tracks: readonly TrackState[], set: DetectionSet): boolean;
  readonly x: number;
  readonly y: number;
}

/** So many tracks must have found their detection: fewer that move together may be a group of people. */
const LEAST_PAIRS = 10;
/** A pair counts when it is nearer than one size of the object, half as far as the next, and of a like size. */
const MAX_DISTANCE = 1;
const NEXT_RATIO = 2;
const MIN_SIZE_RATIO = 0.7;
/** Part of the pairs that must lie within so much of a size of the common shift. */
const AGREEING = 0.6;
const TOLERANCE = 0.15;

/**
 * The common shift is the median of what separates tracks from the detections that are clearly theirs: half of them could
 * move on their own. It corrects what the filters expect, so a steady pan, which they have learnt, needs none.
 */
export function createCameraMotion(): CameraMotion {
  let offX = new Float64Array(64);
  let offY = new Float64Array(64);
  let sizes = new Float64Array(64);
  let sorted = new Float64Array(64);
  const shift = { x: 0, y: 0 };

  function reserve(count: number): void {
    if (sizes.length >= count) return;
    offX = new Float64Array(2 * count);
    offY = new Float64Array(2 * count);
    sizes = new Float64Array(2 * count);
    sorted = new Float64Array(2 * count);
  }

  function medianOf(values: Float64Array, count: number): number {
    // Insertion: some ten to a hundred values, for which it is faster than the sort of typed arrays.
    for (let filled = 0; filled < count; filled++) {
      const value = values[filled]!;
      let at = filled;
      for (; at > 0 && sorted[at - 1]! > value; at--) sorted[at] = sorted[at - 1]!;
      sorted[at] = value;
    }
    return (sorted[(count - 1) >> 1]! + sorted[count >> 1]!) / 2;
  }

  /** Notes the pair of a track, if it has a clear one. */
  function note({ expected }: TrackState, { corners, highCount }: DetectionSet, at: number): boolean {
    const { x1, y1, x2, y2 } = expected;
    const size = Math.sqrt((x2 - x1) * (y2 - y1));
    const sumX = x1 + x2;
    const sumY = y1 + y2;
    let nearest = -1;
    let least = Infinity;
    let next = Infinity;
    for (let index = 0; index < highCount; index++) {
      const corner = index * 4;
      const dx = (corners[corner]! + corners[corner + 2]! - sumX) / 2;
      const dy = (corners[corner + 1]! + corners[corner + 3]! - sumY) / 2;
      const squared = dx * dx + dy * dy;
      if (squared >= next) continue;
      const width = corners[corner + 2]! - corners[corner]!;
      const other = Math.sqrt(width * (corners[corner + 3]! - corners[corner + 1]!));
      if (Math.min(size, other) < MIN_SIZE_RATIO * Math.max(size, other)) continue;
      if (squared < least) {
        next = least;
        least = squared;
        nearest = corner;
      } else {
        next = squared;
      }
    }
    if (nearest < 0 || !(least < (MAX_DISTANCE * size) ** 2) || !(next > NEXT_RATIO ** 2 * least))
      return false;
    offX[at] = (corners[nearest]! + corners[nearest + 2]! - sumX) / 2;
    offY[at] = (corners[nearest + 1]! + corners[nearest + 3]! - sumY) / 2;
    sizes[at] = size;
    return true;
  }

  return {
    get x() {
      return shift.x;
    },
    get y() {
      return shift.y;
    },
    estimate(tracks, set) {
      if (tracks.length < LEAST_PAIRS || set.highCount < LEAST_PAIRS) return false;
      reserve(tracks.length);
      let count = 0;
      for (const track of tracks) {
        if (track.number > 0 && track.misses === 0 && note(track, set, count)) count++;
      }
      if (count < LEAST_PAIRS) return false;
      shift.x = medianOf(offX, count);
      shift.y = medianOf(offY, count);
      let agreeing = 0;
      for (let at = 0; at < count; at++) {
        const dx = offX[at]! - shift.x;
        const dy = offY[at]! - shift.y;
        if (dx * dx + dy * dy < (TOLERANCE * sizes[at]!) ** 2) agreeing++;
      }
      return agreeing >= AGREEING * count;
    },
  };
}
