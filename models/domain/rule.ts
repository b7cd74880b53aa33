import type { FrameInfo } from './frame';
import type { Track } from './track';

/** The point of a box that stands for the object: where it touches the ground, or its middle. */
export const ANCHORS = ['bottom', 'centre'] as const;
export type Anchor = (typeof ANCHORS)[number];

/** Days of a week, as schedules name them. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** When a rule is on, by event time: local times of day; `to` before `from` goes on past midnight. */
export interface Schedule {
  /** IANA name, such as Europe/Berlin. */
  readonly timeZone: string;
  readonly times: readonly {
    /** Days on which the time begins; absent: all. */
    readonly days?: readonly Weekday[] | undefined;
    /** HH:MM; `to` may be 24:00. */
    readonly from: string;
    readonly to: string;
  }[];
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
