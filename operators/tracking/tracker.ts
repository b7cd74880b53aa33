import type { Detection } from '../../models/domain/detection';
import type { FrameInfo } from '../../models/domain/frame';
import type { EndedTrack, Track, TrackEndReason } from '../../models/domain/track';
import { createAssociator } from './association';
import { createCameraMotion } from './camera-motion';
import { createDetectionSet, iouOfCorners } from './detection-set';
import type { DetectionSet } from './detection-set';
import { resolveTrackerOptions } from './options';
import type { TrackerOptions } from './options';
import { createPace } from './pace';
import {
  advanceTrack,
  createTrackState,
  hitTrack,
  restoreTrackState,
  shiftTrack,
  toTrack,
} from './track-state';
import type { TrackState } from './track-state';

/** What one frame did to the tracks, in the terms of `TrackedFrame`. */
export interface TrackUpdate {
  readonly tracks: readonly Track[];
  readonly started: readonly Track[];
  readonly ended: readonly EndedTrack[];
}

/** Follows the objects of one camera from frame to frame. Not shared between cameras. */
export interface Tracker {
  /** A frame somebody looked at; no detections mean that nothing was there. */
  update(frame: FrameInfo, detections: readonly Detection[]): TrackUpdate;
  /** A frame nobody looked at: time goes on, no track is missed, begun or ended. */
  skip(frame: FrameInfo): TrackUpdate;
  /** As `skip`, for a frame left out because nothing moved in it: how often frames are looked at seems no slower for it. */
  pass(frame: FrameInfo): TrackUpdate;
  /** As in `TrackedFrame`. */
  readonly isTracking: boolean;
  readonly tracksUntilPtsMs: number;
  /** Ends everything and forgets the clock; tentative tracks vanish unreported. Numbers count on. */
  endAll(reason: TrackEndReason): readonly EndedTrack[];
  /**
   * Call before the first frame of a segment that resumes the one before. Tracks go on; their stream times are moved on to
   * the new segment's clock, so that `frame` follows the last one by the gap of their event times (at least one frame
   * interval, at most 10 s). A track's `firstSeenPtsMs` may thereby lie before the new segment's start, or below 0.
   */
  rebase(frame: FrameInfo): void;
  /**
   * Goes on, before the first frame, from the tracks of another tracker whose last frame was `last`; call `rebase` with the
   * first frame then. New numbers follow theirs.
   */
  resume(tracks: readonly Track[], last: FrameInfo): void;
}

const MAX_REBASE_GAP_MS = 10_000;

/** Creates a tracker. Throws a RangeError for options out of range. */
export function createTracker(options: TrackerOptions = {}): Tracker {
  const resolved = resolveTrackerOptions(options);
  const { confirmHits, confirmWithinMs, sureScore, forgetAfterMs, unobservedCapMs, coastMs, maxTracks } =
    resolved;
  const associator = createAssociator(resolved);
  const cameraMotion = createCameraMotion();
  const pace = createPace();
  /** In order of birth. */
  let states: TrackState[] = [];
  let snapshot: readonly Track[] = [];
  let lastFrame: FrameInfo | undefined;
  let lastNumber = 0;
  let tracksUntilPtsMs = -Infinity;

  function miss(state: TrackState, lookedMs: number, blindMs: number): void {
    state.misses++;
    state.observedUnseenMs += lookedMs;
    state.unobservedUnseenMs += blindMs;
  }

  /** A tentative track that was not confirmed in time: what is seen of it now begins anew. */
  function isStale({ number, observedAgeMs }: TrackState): boolean {
    return number === 0 && observedAgeMs > Math.max(confirmWithinMs, 2 * confirmHits * pace.intervalMs());
  }

  function isOver(state: TrackState): boolean {
    if (state.number === 0) return isStale(state);
    return unseenMs(state) >= forgetAfterMs;
  }

  /** What counts towards `forgetAfterMs`; grows no faster than stream time. */
  function unseenMs({ observedUnseenMs, unobservedUnseenMs }: TrackState): number {
    return observedUnseenMs + Math.min(unobservedUnseenMs, unobservedCapMs);
  }

  /** Takes the tracks that are over out of the list. */
  function removeOver(): EndedTrack[] {
    const ended: EndedTrack[] = [];
    states = states.filter((state) => {
      if (state.misses === 0 || !isOver(state)) return true;
      if (state.number > 0) ended.push({ track: toTrack(state), reason: 'lost' });
      return false;
    });
    return ended.sort(byNumber);
  }

  function confirm(): Set<number> {
    const numbers = new Set<number>();
    for (const state of states) {
      if (state.number > 0 || (state.hits < confirmHits && state.maxScore < sureScore)) continue;
      state.number = ++lastNumber;
      numbers.add(state.number);
    }
    return numbers;
  }

  function promise(ptsMs: number): void {
    tracksUntilPtsMs = -Infinity;
    for (const state of states) {
      if (state.number === 0) continue;
      tracksUntilPtsMs = Math.max(tracksUntilPtsMs, ptsMs + forgetAfterMs - unseenMs(state));
    }
  }

  function takeSnapshot(): void {
    snapshot = states
      .filter(({ number }) => number > 0)
      .map(toTrack)
      .sort((a, b) => a.number - b.number);
  }

  function skip(frame: FrameInfo): TrackUpdate {
    lastFrame = frame;
    return { tracks: snapshot, started: [], ended: [] };
  }

  return {
    update(frame, detections) {
      const { elapsedMs, lookedMs } = pace.look(frame.ptsMs);
      lastFrame = frame;
      const set = createDetectionSet(detections, resolved);
      for (const state of states) {
        advanceTrack(state, elapsedMs, coastMs);
        state.observedAgeMs += lookedMs;
      }
      if (cameraMotion.estimate(states, set)) {
        for (const state of states) shiftTrack(state, cameraMotion.x, cameraMotion.y);
      }
      const detectionOf = associator.associate(states, set);
      const isUsed = new Uint8Array(set.highCount);
      for (const [row, state] of states.entries()) {
        const index = detectionOf[row]!;
        if (index < 0 || isStale(state)) {
          miss(state, lookedMs, elapsedMs - lookedMs);
          continue;
        }
        hitTrack(state, set.detections[index]!, frame);
        if (index < set.highCount) isUsed[index] = 1;
      }
      const ended = removeOver();
      for (let i = 0; i < set.highCount && states.length < maxTracks; i++) {
        if (isUsed[i] === 0 && !isSecond(set, i, isUsed))
          states.push(createTrackState(set.detections[i]!, frame));
      }
      const confirmed = confirm();
      takeSnapshot();
      promise(frame.ptsMs);
      const started = confirmed.size === 0 ? [] : snapshot.filter(({ number }) => confirmed.has(number));
      return { tracks: snapshot, started, ended };
    },

    skip,

    pass(frame) {
      pace.pass(frame.ptsMs);
      return skip(frame);
    },

    get isTracking() {
      return states.length > 0;
    },

    get tracksUntilPtsMs() {
      return tracksUntilPtsMs;
    },

    endAll(reason) {
      const ended = snapshot.map((track) => ({ track, reason }));
      states = [];
      snapshot = [];
      tracksUntilPtsMs = -Infinity;
      lastFrame = undefined;
      pace.reset();
      return ended;
    },

    rebase(frame) {
      if (lastFrame === undefined) return;
      const wallMs = frame.atMs - lastFrame.atMs;
      const gapMs = Math.min(Math.max(wallMs || 0, pace.intervalMs()), MAX_REBASE_GAP_MS);
      const shiftMs = frame.ptsMs - gapMs - lastFrame.ptsMs;
      for (const state of states) {
        state.firstSeenPtsMs += shiftMs;
        state.lastSeenPtsMs += shiftMs;
      }
      pace.shift(shiftMs);
      tracksUntilPtsMs += shiftMs;
      takeSnapshot();
    },

    resume(tracks, last) {
      states = tracks.map((track) => restoreTrackState(track, last));
      lastNumber = Math.max(lastNumber, ...tracks.map(({ number }) => number));
      lastFrame = last;
      pace.resume(last.ptsMs);
      takeSnapshot();
    },
  };
}

/** Overlap with a detection that continues a track from which another one of its class is taken for the same object. */
const SECOND_OVERLAP = 0.5;

function isSecond(
  { detections, corners, highCount }: DetectionSet,
  index: number,
  isUsed: Uint8Array,
): boolean {
  const { box, label } = detections[index]!;
  for (let used = 0; used < highCount; used++) {
    if (isUsed[used] === 0 || detections[used]!.label !== label) continue;
    if (iouOfCorners(corners, used * 4, box[0], box[1], box[2], box[3]) > SECOND_OVERLAP) return true;
  }
  return false;
}

function byNumber(a: EndedTrack, b: EndedTrack): number {
  return a.track.number - b.track.number;
}
