import { EVENT_DATA_SCHEMA, EVENT_TYPES } from '../../models/domain/event';
import type { EventData, EventOf, EventType } from '../../models/domain/event';
import { createEventId } from '../../models/domain/event-id';

const CAMERA = { camera: 'front', epoch: 1_777_636_800_000 };

const TRACK = {
  ...CAMERA,
  trackId: 'front-1777636800000-7',
  label: 'person',
  score: 0.8712,
  box: [612.4, 301.75, 688.12, 498.3] as [number, number, number, number],
  boxFraction: [0.31896, 0.2794, 0.3584, 0.46139] as [number, number, number, number],
  ptsMs: 93_400,
  capturedAtMs: 1_777_636_893_400,
};

const EXAMPLE_DATA: { readonly [T in EventType]: EventData<T> } = {
  'camera.online': { ...CAMERA, source: { width: 1920, height: 1080 }, codec: 'h264' },
  'camera.offline': {
    ...CAMERA,
    cause: 'stalled',
    detail: 'expected a picture every 0.2 s, got none for 5 s',
  },
  'camera.degraded': { ...CAMERA, cause: 'overloaded', detail: '10 → 5 fps' },
  'track.started': { ...TRACK, firstSeenPtsMs: 93_000 },
  'track.updated': {
    ...TRACK,
    speed: { value: 1.32, unit: 'm/s' },
    velocity: [0.04113, -0.00252],
    isVisible: true,
    hits: 14,
    maxScore: 0.9023,
  },
  'track.ended': {
    ...TRACK,
    reason: 'lost',
    firstSeenPtsMs: 93_000,
    lastSeenPtsMs: 93_400,
    durationMs: 400,
    maxScore: 0.9023,
    hits: 5,
    path: [
      [0.33868, 0.46139],
      [0.3551, 0.4602],
    ],
    bestFrame: 'front-1777636800000-7-k3v5mzqa.jpg',
    snapshot: {
      ...{ store: 'directory', width: 134, height: 254, ptsMs: 93_200, capturedAtMs: 1_777_636_893_200 },
      ...{ score: 0.9023, box: [28.6, 29.1, 105.2, 224.9] },
    },
  },
  'zone.entered': { ...TRACK, zone: 'door' },
  'zone.left': { ...TRACK, zone: 'door', dwellMs: 12_800 },
  'zone.dwell': { ...TRACK, zone: 'door', dwellMs: 10_000 },
  'zone.loitering': { ...TRACK, zone: 'door', dwellMs: 30_000 },
  'line.crossed': { ...TRACK, line: 'gate', direction: 'in' },
  'occupancy.changed': { ...CAMERA, zone: 'door', count: 2, ptsMs: 93_400 },
  'occupancy.summary': {
    ...CAMERA,
    zone: 'door',
    from: '2026-05-01T12:00:00.000Z',
    to: '2026-05-01T12:01:00.000Z',
    observedMs: 59_800,
    min: 0,
    max: 3,
    mean: 1.184,
    ptsMs: 153_200,
  },
  'object.stationary': { ...TRACK, stillMs: 60_000 },
  'object.moving': { ...TRACK, stillMs: 84_200 },
};

/** An event of the type as a live camera gives it, for the documents of the contract. */
export function exampleEvent<T extends EventType>(type: T): EventOf<T> {
  const source = 'camera/front';
  const trackId = 'trackId' in EXAMPLE_DATA[type] ? TRACK.trackId : '';
  return {
    specversion: '1.0',
    id: createEventId({ source, runKey: '9f2d61c04be7a385', epoch: CAMERA.epoch, trackId, type, n: 0 }),
    source,
    type,
    subject: 'front',
    time: '2026-05-01T12:01:33.400Z',
    datacontenttype: 'application/json',
    dataschema: EVENT_DATA_SCHEMA,
    data: EXAMPLE_DATA[type],
  } as EventOf<T>;
}

/** Fields of a stream entry that holds the event. */
export function exampleEntry(type: EventType): Readonly<Record<'type' | 'camera' | 'id' | 'seq', string>> {
  return { type, camera: 'front', id: exampleEvent(type).id, seq: String(EVENT_TYPES.indexOf(type) + 1) };
}
