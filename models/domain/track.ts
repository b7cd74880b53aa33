import type { Box } from './geometry';
import type { FrameInfo } from './frame';
import type { UnobservedReason } from './observation';

/** Why a track ended. */
export type TrackEndReason = 'lost' | 'discontinuity' | 'completed' | 'stopped' | 'restart';

/** A place of a track before it was confirmed: the detection's box in source pixels, and event time. */
export interface EarlierPlace {
  readonly box: Box;
  readonly atMs: number;
}

/** A confirmed object as last seen. */
export interface Track {
  /** Counts from 1 within camera and epoch of birth; never used again. */
  readonly number: number;
  /** Epoch in which the track began; it may outlive it when a segment is resumed. */
  readonly epoch: number;
  /** The class most of the detections voted for, weighted by score. */
  readonly label: string;
  /** Score of the latest detection, 0 to 1. */
  readonly score: number;
  /** Highest score so far. */
  readonly maxScore: number;
  /** The latest matched detection's own box, source pixels. */
  readonly box: Box;
  /** Stream time of the first and latest detection. */
  readonly firstSeenPtsMs: number;
  readonly lastSeenPtsMs: number;
  /** Event time of the first and latest detection. */
  readonly firstSeenAtMs: number;
  readonly lastSeenAtMs: number;
  /** Velocity of the box centre by the filter, source pixels a second. */
  readonly velocity: readonly [vx: number, vy: number];
  /** Detections so far. */
  readonly hits: number;
  /** True in the frames in which a detection was matched. */
  readonly isVisible: boolean;
  /** Where it was before it was confirmed, at most 8 places: the first and the latest. In the frame that confirms it. */
  readonly earlier?: readonly EarlierPlace[];
}

/** One frame's result of the tracker; what rules, events and overlays work on. */
export interface TrackedFrame {
  readonly kind: 'tracked';
  readonly frame: FrameInfo;
  /** Set when nobody looked at this frame; then `tracks` are as before. */
  readonly unobserved?: UnobservedReason;
  /** All confirmed, not ended tracks, by number; those not matched now have `isVisible` false. */
  readonly tracks: readonly Track[];
  /** True while anything is followed, also what is not confirmed yet and so not among `tracks`. */
  readonly isTracking: boolean;
  /** Whatever later frames of this segment show, a confirmed track lives in those before this stream time; else -Infinity. */
  readonly tracksUntilPtsMs: number;
  /** Those of `tracks` confirmed in this frame. */
  readonly started: readonly Track[];
  /** Tracks that ended with this frame; not in `tracks`. */
  readonly ended: readonly EndedTrack[];
  /** What rules found, where a camera has any: of tracks that ended with this frame, and in it; and the speeds of `tracks`. */
  readonly found?: {
    readonly ended: readonly RuleFinding[];
    readonly seen: readonly RuleFinding[];
    readonly speeds?: ReadonlyMap<Track, Speed>;
  };
}

/** Tracks that ended without a frame: the stream completed, stopped or lapsed. */
export interface TracksClosed {
  readonly kind: 'closed';
  readonly ended: readonly EndedTrack[];
  /** What rules found of them, and of the end. */
  readonly found?: readonly RuleFinding[];
}

export interface EndedTrack {
  readonly track: Track;
  readonly reason: TrackEndReason;
}

/** What of a track a rule found; becomes the event of that name. */
export type TrackFinding = { readonly track: Track; readonly frame: FrameInfo } & (
  | { readonly type: 'zone.entered'; readonly zone: string }
  /** `dwellMs` is event time since the object came in. */
  | {
      readonly type: 'zone.left' | 'zone.dwell' | 'zone.loitering';
      readonly zone: string;
      readonly dwellMs: number;
    }
  | { readonly type: 'line.crossed'; readonly line: string; readonly direction: 'in' | 'out' }
  /** `stillMs` is event time for which the object stood still. */
  | { readonly type: 'object.stationary' | 'object.moving'; readonly stillMs: number }
);

/** How many objects are in a zone, and were in an interval of event time. */
export type OccupancyFinding = { readonly zone: string; readonly frame: FrameInfo } & (
  | { readonly type: 'occupancy.changed'; readonly count: number }
  | {
      readonly type: 'occupancy.summary';
      readonly fromMs: number;
      readonly toMs: number;
      /** Of the interval, somebody looked so long; `mean` is over that time. */
      readonly observedMs: number;
      readonly min: number;
      readonly max: number;
      readonly mean: number;
    }
);

export type RuleFinding = TrackFinding | OccupancyFinding;

/** How fast an object is: metres a second on the ground, or heights of the picture a second. */
export interface Speed {
  readonly value: number;
  readonly unit: 'm/s' | 'heights/s';
}
