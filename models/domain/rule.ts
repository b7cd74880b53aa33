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
