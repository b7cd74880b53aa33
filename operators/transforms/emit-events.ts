import { EMPTY, defer, from, mergeMap } from 'rxjs';
import type { OperatorFunction } from 'rxjs';
import type { CameraStatus } from '../../models/domain/camera-status';
import { EVENT_DATA_SCHEMA } from '../../models/domain/event';
import type { EventData, EventType, SightlineEvent } from '../../models/domain/event';
import { createEventId } from '../../models/domain/event-id';
import type { CameraId, FrameInfo } from '../../models/domain/frame';
import { boxIou } from '../../models/domain/geometry';
import type { Box } from '../../models/domain/geometry';
import type { ResumedCamera, ResumedTrack } from '../../models/domain/resumed-camera';
import type {
  EndedTrack,
  RuleFinding,
  Speed,
  Track,
  TrackedFrame,
  TracksClosed,
} from '../../models/domain/track';
import { createPathSummary } from '../support/path-summary';
import type { PathSummary } from '../support/path-summary';
import { occupancyEvent, trackFindingEvent } from '../support/rule-event-data';
import type { RuleEventType } from '../support/rule-event-data';
import { footOf, round, toMs, trackEventData } from '../support/track-event-data';

export interface EmitEventsOptions {
  readonly cameraId: CameraId;
  /** `camera/<id>` or `file/<sha256 prefix>`. */
  readonly source: string;
  readonly runKey: string;
  /** Least stream time between two `track.updated` of a track, unless something significant changed. */
  readonly updateIntervalMs: number;
  /** Tracks that an earlier run left open. Default: none. */
  readonly resume?: ResumedCamera | undefined;
}

/** An object that left the box last told is told sooner than the others, after this part of the interval. */
const MOVED_INTERVAL_PART = 0.25;

/** What was last told of a live track. */
interface Told {
  readonly number: number;
  readonly epoch: number;
  readonly id: string;
  /** Within it this run counts what it tells of the track between its start and its end. */
  readonly countedIn: number;
  updates: number;
  ptsMs: number;
  box: Box;
  label: string;
  isVisible: boolean;
  /** The frame in which the track was last seen. */
  frame: FrameInfo;
  readonly path: PathSummary;
  /** What rules found of it so far, by type. */
  readonly found: Map<RuleEventType, number>;
}

/**
 * Turns tracker results and camera statuses into events of the contract, in order, with deterministic ids.
 *
 * Exactly one `track.started` and one `track.ended` for each track, `track.updated` throttled in stream time, and between them
 * what rules found. A track of an earlier run is not started again; its end bears the id that the earlier run would have
 * given it. State: one entry for each live track, and for each zone that is counted. Drops nothing; errors pass on.
 */
export function emitEvents(
  options: EmitEventsOptions,
): OperatorFunction<TrackedFrame | TracksClosed | CameraStatus, SightlineEvent> {
  if (!(options.updateIntervalMs >= 0)) {
    throw new RangeError(
      `emitEvents: expected updateIntervalMs of 0 or more, got ${options.updateIntervalMs}`,
    );
  }
  return (source) =>
    defer(() => {
      const teller = createTeller(options);
      return source.pipe(
        mergeMap((item) => {
          const events = teller.tell(item);
          return events.length === 0 ? EMPTY : from(events);
        }),
      );
    });
}

function createTeller({ cameraId, source, runKey, updateIntervalMs, resume }: EmitEventsOptions) {
  const live = new Map<string, Told>(resume?.tracks.map((track) => resumed(cameraId, track, resume.byEpoch)));
  const counts = new Map<string, number>();
  let speeds: ReadonlyMap<Track, Speed> | undefined;
  let lastAtMs = resume?.last.atMs ?? 0;
  let statusEpoch = -1;
  let statusCounts: Partial<Record<EventType, number>> = {};

  function event<T extends EventType>(
    type: T,
    { epoch, trackId, n, atMs }: { epoch: number; trackId: string; n: number; atMs: number },
    data: EventData<T>,
  ): SightlineEvent {
    return {
      specversion: '1.0',
      id: createEventId({ source, runKey, epoch, trackId, type, n }),
      source,
      type,
      subject: cameraId,
      time: new Date(Math.round(atMs)).toISOString(),
      datacontenttype: 'application/json',
      dataschema: EVENT_DATA_SCHEMA,
      data,
    } as SightlineEvent;
  }

  function tellStatus(status: CameraStatus): SightlineEvent[] {
    if (status.status === 'lapsed') return [];
    const { epoch, atMs } = status;
    if (epoch !== statusEpoch) {
      statusEpoch = epoch;
      statusCounts = {};
    }
    const type = `camera.${status.status}` as const;
    const n = statusCounts[type] ?? 0;
    statusCounts[type] = n + 1;
    const place = { epoch, trackId: '', n, atMs };
    if (status.status === 'online') {
      const { codec } = status;
      const data = { camera: cameraId, epoch, source: status.source, ...(codec !== undefined && { codec }) };
      return [event('camera.online', place, data)];
    }
    if (status.status === 'degraded') {
      const { cause, detail } = status;
      return [event('camera.degraded', place, { camera: cameraId, epoch, cause, detail })];
    }
    const { cause, detail } = status;
    return [
      event('camera.offline', place, {
        camera: cameraId,
        epoch,
        cause,
        ...(detail !== undefined && { detail }),
      }),
    ];
  }

  function tellStarted(track: Track, frame: FrameInfo): SightlineEvent {
    const [id, told] = newlyTold(cameraId, track, frame);
    told.path.add(footOf(track.box, frame));
    live.set(id, told);
    return event(
      'track.started',
      { epoch: track.epoch, trackId: id, n: 0, atMs: frame.atMs },
      { ...trackData(id, track, frame), firstSeenPtsMs: toMs(track.firstSeenPtsMs) },
    );
  }

  function tellUpdated(track: Track, frame: FrameInfo): SightlineEvent | undefined {
    const told = live.get(`${cameraId}-${track.epoch}-${track.number}`);
    if (told === undefined) return undefined;
    if (track.isVisible) {
      told.frame = frame;
      told.path.add(footOf(track.box, frame));
    }
    // A resumed segment may begin at smaller pts: then the clock of the throttle starts anew.
    const sinceMs = frame.ptsMs < told.ptsMs ? Infinity : frame.ptsMs - told.ptsMs;
    const hasLeftItsBox = track.isVisible && boxIou(track.box, told.box) === 0;
    const waitMs = hasLeftItsBox ? updateIntervalMs * MOVED_INTERVAL_PART : updateIntervalMs;
    const isChanged = track.label !== told.label || track.isVisible !== told.isVisible;
    if (!isChanged && (sinceMs < waitMs || !track.isVisible)) return undefined;
    Object.assign(told, {
      ptsMs: frame.ptsMs,
      box: track.box,
      label: track.label,
      isVisible: track.isVisible,
    });
    const { width, height } = frame.source;
    return event(
      'track.updated',
      { epoch: told.countedIn, trackId: told.id, n: told.updates++, atMs: frame.atMs },
      {
        ...trackData(told.id, track, frame),
        velocity: [round(track.velocity[0] / width, 5), round(track.velocity[1] / height, 5)],
        isVisible: track.isVisible,
        hits: track.hits,
        maxScore: round(track.maxScore, 4),
      },
    );
  }

  /** `endedAtMs` is when it was found to be over; when it was last seen stands in the data. */
  function tellEnded({ track, reason }: EndedTrack, endedAtMs: number): SightlineEvent | undefined {
    const id = `${cameraId}-${track.epoch}-${track.number}`;
    const told = live.get(id);
    if (told === undefined) return undefined;
    live.delete(id);
    return event(
      'track.ended',
      { epoch: told.epoch, trackId: id, n: 0, atMs: Math.max(endedAtMs, track.lastSeenAtMs) },
      {
        ...trackData(id, track, told.frame),
        reason,
        firstSeenPtsMs: toMs(track.firstSeenPtsMs),
        lastSeenPtsMs: toMs(track.lastSeenPtsMs),
        durationMs: toMs(Math.max(0, track.lastSeenAtMs - track.firstSeenAtMs)),
        maxScore: round(track.maxScore, 4),
        hits: track.hits,
        path: told.path.points(),
      },
    );
  }

  /** `leastAtMs`: what is found of what is over is no older than that. */
  function tellFinding(finding: RuleFinding, leastAtMs: number): SightlineEvent | undefined {
    const { frame } = finding;
    const atMs = Math.max(frame.atMs, leastAtMs);
    const { epoch } = frame.segment;
    if (!('track' in finding)) {
      const { type, data } = occupancyEvent(finding, { camera: cameraId, epoch, ptsMs: toMs(frame.ptsMs) });
      const trackId = `zone:${finding.zone}`;
      const n = counts.get(`${type} ${trackId}`) ?? 0;
      counts.set(`${type} ${trackId}`, n + 1);
      const countedIn = resume !== undefined && epoch === resume.last.segment.epoch ? resume.byEpoch : epoch;
      return event(type, { epoch: countedIn, trackId, n, atMs }, data);
    }
    const { track } = finding;
    const told = live.get(`${cameraId}-${track.epoch}-${track.number}`);
    if (told === undefined) return undefined;
    const { type, data } = trackFindingEvent(finding, trackData(told.id, track, frame));
    const n = told.found.get(type) ?? 0;
    told.found.set(type, n + 1);
    return event(type, { epoch: told.countedIn, trackId: told.id, n, atMs }, data);
  }

  function tellFindings(findings: readonly RuleFinding[] = [], leastAtMs: number): SightlineEvent[] {
    return findings.map((one) => tellFinding(one, leastAtMs)).filter((told) => told !== undefined);
  }

  function tellAllEnded(ended: readonly EndedTrack[], endedAtMs: number): SightlineEvent[] {
    return ended.map((one) => tellEnded(one, endedAtMs)).filter((told) => told !== undefined);
  }

  const trackData = (trackId: string, track: Track, frame: FrameInfo) =>
    trackEventData({ camera: cameraId, trackId }, track, frame, speeds?.get(track));

  function tell(item: TrackedFrame | TracksClosed | CameraStatus): SightlineEvent[] {
    if (item.kind === 'status') return tellStatus(item);
    speeds = item.kind === 'tracked' ? item.found?.speeds : undefined;
    if (item.kind === 'closed')
      return [...tellFindings(item.found, lastAtMs), ...tellAllEnded(item.ended, lastAtMs)];
    // Time may jump back to a frame that follows a cut: the tracks before it ended with the frame before it.
    const isCut = ({ reason }: EndedTrack) => reason === 'discontinuity' || reason === 'restart';
    const cut = item.ended.filter(isCut);
    const lost = item.ended.filter((one) => !isCut(one));
    const before = tellFindings(item.found?.ended, cut.length > 0 ? lastAtMs : item.frame.atMs);
    const ended = [...tellAllEnded(cut, lastAtMs), ...tellAllEnded(lost, item.frame.atMs)];
    lastAtMs = item.frame.atMs;
    const { frame, tracks, started } = item;
    const updated = item.unobserved === undefined ? tracks.map((track) => tellUpdated(track, frame)) : [];
    const begun = started.map((track) => tellStarted(track, frame));
    const told = [...before, ...ended, ...updated, ...begun].filter((one) => one !== undefined);
    return [...told, ...tellFindings(item.found?.seen, frame.atMs)];
  }

  return { tell };
}

/** What is known of a track that is told for the first time in a frame, by its id. */
function newlyTold(
  cameraId: CameraId,
  track: Track,
  frame: FrameInfo,
  countedIn = track.epoch,
): [string, Told] {
  const { number, epoch, box, label, isVisible } = track;
  const id = `${cameraId}-${epoch}-${number}`;
  const told: Told = {
    ...{ number, epoch, id, countedIn, box, label, isVisible, frame },
    ...{ updates: 0, ptsMs: frame.ptsMs, path: createPathSummary(), found: new Map() },
  };
  return [id, told];
}

function resumed(cameraId: CameraId, { track, frame, path }: ResumedTrack, byEpoch: number): [string, Told] {
  const [id, told] = newlyTold(cameraId, track, frame, byEpoch);
  for (const [x, y] of path) told.path.add([x, y]);
  return [id, told];
}
