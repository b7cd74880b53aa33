import type { EventData, EventType } from '../../models/domain/event';
import type { OccupancyFinding, RuleFinding, TrackFinding } from '../../models/domain/track';

type Told = {
  [T in RuleFinding['type']]: { readonly type: T; readonly data: EventData<T> };
}[RuleFinding['type']];
type OfTrack = Omit<EventData<'track.started'>, 'firstSeenPtsMs'>;
type OfCamera = Pick<EventData<'occupancy.changed'>, 'camera' | 'epoch' | 'ptsMs'>;

/** Types of events that rules make. */
export type RuleEventType = Extract<EventType, RuleFinding['type']>;

/** What the event of a track's finding holds. */
export function trackFindingEvent(finding: TrackFinding, data: OfTrack): Told {
  switch (finding.type) {
    case 'zone.entered':
      return { type: finding.type, data: { ...data, zone: finding.zone } };
    case 'zone.left':
    case 'zone.dwell':
    case 'zone.loitering':
      return { type: finding.type, data: { ...data, zone: finding.zone, dwellMs: round(finding.dwellMs) } };
    case 'line.crossed':
      return { type: finding.type, data: { ...data, line: finding.line, direction: finding.direction } };
    case 'object.stationary':
    case 'object.moving':
      return { type: finding.type, data: { ...data, stillMs: round(finding.stillMs) } };
  }
}

/** What the event of an occupancy holds. */
export function occupancyEvent(finding: OccupancyFinding, data: OfCamera): Told {
  const { type, zone } = finding;
  if (type === 'occupancy.changed') return { type, data: { ...data, zone, count: finding.count } };
  const { fromMs, toMs, observedMs, min, max, mean } = finding;
  const from = new Date(fromMs).toISOString();
  const to = new Date(toMs).toISOString();
  return {
    type,
    data: { ...data, zone, from, to, observedMs: round(observedMs), min, max, mean: round(mean) },
  };
}

const round = (value: number) => Math.round(value * 1000) / 1000;
