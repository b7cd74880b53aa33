import { createHash } from 'node:crypto';
import type { EventOf, SightlineEvent } from '../../models/domain/event';

/** A tracked object as Frigate tells of it; times in seconds since 1970, boxes in pixels. */
export interface FrigateObject {
  readonly id: string;
  readonly camera: string;
  readonly frame_time: number;
  readonly label: string;
  readonly sub_label: null;
  readonly top_score: number;
  readonly false_positive: boolean;
  readonly start_time: number;
  readonly end_time: number | null;
  readonly score: number;
  readonly box: readonly [number, number, number, number];
  readonly area: number;
  readonly ratio: number;
  readonly region: readonly [number, number, number, number];
  readonly active: boolean;
  readonly stationary: boolean;
  readonly motionless_count: number;
  readonly position_changes: number;
  readonly current_zones: readonly string[];
  readonly entered_zones: readonly string[];
  readonly has_clip: boolean;
  readonly has_snapshot: boolean;
  readonly thumbnail: null;
  readonly attributes: Readonly<Record<string, number>>;
  readonly current_attributes: readonly unknown[];
  readonly current_estimated_speed: number;
  readonly path_data: readonly (readonly [readonly [number, number], number])[];
}

/** A message of `frigate/events`. */
export interface FrigateMessage {
  readonly type: 'new' | 'update' | 'end';
  readonly before: FrigateObject;
  readonly after: FrigateObject;
}

/** Tells of tracks as Frigate does. */
export interface FrigateEvents {
  /** The message an event makes; undefined when it says nothing of a track. */
  take(event: SightlineEvent): FrigateMessage | undefined;
}

type TrackEvent = Extract<SightlineEvent, { readonly data: { readonly trackId: string } }>;

/** Tracks remembered; one that was forgotten is begun anew with what comes next of it. */
const MAX_TRACKS = 10_000;
const MAX_PATH = 64;

/** Remembers what was told of each track, since every message holds what was so before. */
export function createFrigateEvents(): FrigateEvents {
  const tracks = new Map<string, FrigateObject>();

  return {
    take(event) {
      if (!('trackId' in event.data)) return undefined;
      const track = event as TrackEvent;
      const key = JSON.stringify([event.source, track.data.trackId]);
      const before = tracks.get(key);
      const after = next(before, track);
      tracks.delete(key);
      if (event.type === 'track.ended') return { type: 'end', before: before ?? after, after };
      tracks.set(key, after);
      if (tracks.size > MAX_TRACKS) for (const oldest of tracks.keys()) if (tracks.delete(oldest)) break;
      return { type: before === undefined ? 'new' : 'update', before: before ?? after, after };
    },
  };
}

function next(before: FrigateObject | undefined, event: TrackEvent): FrigateObject {
  const { camera, label, score, box, boxFraction, trackId } = event.data;
  const seconds = Date.parse(event.time) / 1000;
  const startedAt = before?.start_time ?? seconds - (event.type === 'track.started' ? ageS(event) : 0);
  const [x1, y1, x2, y2] = box.map(Math.round) as [number, number, number, number];
  const best = Math.max(
    before?.top_score ?? 0,
    score,
    'maxScore' in event.data ? (event.data.maxScore ?? 0) : 0,
  );
  const at = [round((boxFraction[0] + boxFraction[2]) / 2), round(boxFraction[3])] as const;
  const wasStationary = before?.stationary ?? false;
  const stationary = event.type === 'object.stationary' || (wasStationary && event.type !== 'object.moving');
  return {
    ...{ id: before?.id ?? idOf(startedAt, event.source, trackId), camera, label, score },
    ...{ sub_label: null, false_positive: false, thumbnail: null, attributes: {}, current_attributes: [] },
    frame_time: seconds,
    top_score: best,
    start_time: startedAt,
    end_time: event.type === 'track.ended' ? seconds : null,
    box: [x1, y1, x2, y2],
    area: (x2 - x1) * (y2 - y1),
    ratio: y2 > y1 ? round((x2 - x1) / (y2 - y1)) : 0,
    region: [x1, y1, x2, y2],
    active: !stationary && event.type !== 'track.ended',
    stationary,
    motionless_count: stationary ? (before?.motionless_count ?? 0) + 1 : 0,
    position_changes: (before?.position_changes ?? 0) + (event.type === 'object.moving' ? 1 : 0),
    ...zonesOf(before, event),
    has_clip: false,
    // It would be fetched from Frigate's own HTTP API, which nobody serves here.
    has_snapshot: false,
    current_estimated_speed: event.data.speed?.value ?? 0,
    path_data: [...(before?.path_data ?? []), [at, seconds] as const].slice(-MAX_PATH),
  };
}

function zonesOf(before: FrigateObject | undefined, event: TrackEvent) {
  const current = new Set(before?.current_zones);
  const entered = new Set(before?.entered_zones);
  if (event.type === 'zone.entered') {
    current.add(event.data.zone);
    entered.add(event.data.zone);
  } else if (event.type === 'zone.left') current.delete(event.data.zone);
  return { current_zones: [...current], entered_zones: [...entered] };
}

const ageS = ({ data }: EventOf<'track.started'>) => Math.max(0, data.ptsMs - data.firstSeenPtsMs) / 1000;

/** As Frigate's: when it began, and six letters; the same for the same track. */
function idOf(startedAt: number, source: string, trackId: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([source, trackId]))
    .digest();
  return `${startedAt.toFixed(6)}-${BigInt(`0x${hash.toString('hex')}`)
    .toString(36)
    .slice(0, 6)}`;
}

const round = (value: number) => Math.round(value * 10_000) / 10_000;
