import { z } from 'zod';
import { ERRORS } from './errors';
import { DEGRADED_CAUSES } from './camera-status';
import type { ErrorCode } from './errors';

/** Version of this contract. A change that breaks a reader moves it. */
export const EVENT_CONTRACT_VERSION = 1;

/** Names the contract and its version in every event. */
export const EVENT_DATA_SCHEMA = `urn:sightline:event:${EVENT_CONTRACT_VERSION}` as const;

const pixels = z
  .tuple([z.number(), z.number(), z.number(), z.number()])
  .describe('Box [x1, y1, x2, y2] in pixels of the source picture.');
const fractions = z
  .tuple([z.number(), z.number(), z.number(), z.number()])
  .describe('The same box as fractions of the source picture, 0 to 1.');
const time = z.iso.datetime({ offset: false });
const ptsMs = z.number().describe('Stream time in milliseconds.');
const point = z.tuple([z.number(), z.number()]).describe('[x, y] as fractions of the source picture.');
const size = z.object({ width: z.int().positive(), height: z.int().positive() });
const label = z.string().min(1);
const zone = z.string().min(1).describe('Name of the zone.');
const score = z.number().min(0).max(1);

const camera = z.string().min(1).describe('Name of the camera.');
const epoch = z
  .int()
  .nonnegative()
  .describe(
    'Segment of the stream: grows when pts restart, size or codec change, or its process starts anew. Of recordings from 0; a ' +
      'live one begins with the millisecond since 1970 in which it was started.',
  );
const trackId = z
  .string()
  .min(1)
  .describe('Unique for one object of a `source`: camera, epoch and a counter; never used again.');

/** Values to which a later version of the same major may add: readers take others for a value they do not know. */
function openList<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values).meta({ isOpen: true });
}

const cameraData = z.object({ camera, epoch });
const trackData = z.object({
  camera,
  epoch,
  trackId,
  label: label.describe('Kind of object, such as `person`.'),
  score: score.describe('Score of the latest detection, 0 to 1.'),
  box: pixels,
  boxFraction: fractions,
  ptsMs: ptsMs.describe('Stream time of the frame, milliseconds.'),
  capturedAtMs: z
    .number()
    .optional()
    .describe('Estimated wall time of capture, milliseconds since 1970; live only.'),
  speed: z
    .object({
      value: z.number().nonnegative().describe('In `unit`.'),
      unit: z.enum(['m/s', 'heights/s']).describe("On the ground, or in the picture's heights."),
    })
    .optional()
    .describe('How fast it is, where that is asked for and known.'),
});

const snapshot = z.object({
  store: openList(['directory', 'redis']).describe(
    'Where it lies: `directory` (the key is the name of a file in the configured folder) or `redis` (the key of a string).',
  ),
  width: z.int().positive().describe('Of the JPEG, pixels.'),
  height: z.int().positive().describe('Of the JPEG, pixels.'),
  ptsMs: ptsMs.describe('Stream time of the picture, milliseconds.'),
  capturedAtMs: z
    .number()
    .optional()
    .describe('Estimated wall time of its capture, milliseconds since 1970; live only.'),
  score: score.describe('Score of the object in it, 0 to 1.'),
  box: z
    .tuple([z.number(), z.number(), z.number(), z.number()])
    .describe('Box [x1, y1, x2, y2] of the object in pixels of the JPEG.'),
});

const spentMs = z.number().nonnegative();
const insideMs = spentMs.describe('For so long it has been inside, milliseconds.');
const errorCodes = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

const dataByType = {
  'camera.online': cameraData.extend({
    source: size.describe('Size of the source picture in pixels.'),
    codec: z.string().min(1).optional().describe('Of the video, such as `h264`; live only.'),
  }),
  'camera.offline': cameraData.extend({
    cause: openList([...errorCodes, 'stopped', 'completed', 'paused']).describe(
      'Why no pictures come: an error code, or `stopped` (on purpose), `completed` (a recording was read to its end), `paused` ' +
        '(this host has no time for the camera).',
    ),
    detail: z.string().optional().describe('One line for people; without credentials.'),
  }),
  'camera.degraded': cameraData.extend({
    cause: openList(DEGRADED_CAUSES).describe(
      'What is wrong with, or changed in, a stream that goes on. `camera.online` follows when all is well.',
    ),
    detail: z.string().optional().describe('One line for people; without credentials.'),
  }),
  'track.started': trackData.extend({
    firstSeenPtsMs: ptsMs.describe('Stream time of the first detection, before the track was confirmed.'),
  }),
  'track.updated': trackData.extend({
    velocity: point.describe('Velocity of the box centre as fractions of width and height a second.'),
    isVisible: z.boolean().describe('False while the object is expected but not seen.'),
    hits: z.int().positive().optional().describe('Detections of the object so far.'),
    maxScore: score.optional().describe('Its highest score so far.'),
  }),
  'track.ended': trackData.extend({
    reason: openList(['lost', 'discontinuity', 'completed', 'stopped', 'restart']).describe(
      'Why it is over: not seen for too long; the stream was cut; the recording ended; stopped on purpose; its process had ' +
        'ended and another could not go on with it.',
    ),
    firstSeenPtsMs: ptsMs.describe('Stream time of the first detection, milliseconds.'),
    lastSeenPtsMs: ptsMs.describe('Stream time of the last detection, milliseconds.'),
    durationMs: z.number().nonnegative().describe('From the first to the last detection, milliseconds.'),
    maxScore: score.describe('Its highest score.'),
    hits: z.int().positive().describe('Detections of the object.'),
    path: z
      .array(point)
      .max(64)
      .describe('Bottom centre of the box over time, thinned to at most 64 points.'),
    bestFrame: z.string().optional().describe('Key of the best snapshot, where one was kept.'),
    snapshot: snapshot.optional().describe('What the JPEG under that key is, where one was kept.'),
  }),
  'zone.entered': trackData.extend({ zone }),
  'zone.left': trackData.extend({ zone, dwellMs: spentMs.describe('How long it was inside, milliseconds.') }),
  'zone.dwell': trackData.extend({ zone, dwellMs: insideMs }),
  'zone.loitering': trackData.extend({ zone, dwellMs: insideMs }),
  'line.crossed': trackData.extend({
    line: z.string().min(1).describe('Name of the line.'),
    direction: z
      .enum(['in', 'out'])
      .describe(
        "`in`: from left to right, seen from the line's first end towards the second; `out`: the other way.",
      ),
  }),
  'occupancy.changed': cameraData.extend({
    zone,
    label: label.optional().describe('The kind that is counted, where it is one alone.'),
    count: z.int().nonnegative().describe('So many objects are inside now.'),
    ptsMs: ptsMs.describe('Stream time of the frame, milliseconds.'),
  }),
  'occupancy.summary': cameraData.extend({
    zone,
    from: time.describe('Begin of the interval.'),
    to: time.describe('Its end.'),
    observedMs: z.number().positive().describe('For so long of it the number was known, milliseconds.'),
    min: z.int().nonnegative().describe('Least objects inside at once.'),
    max: z.int().nonnegative().describe('Most objects inside at once.'),
    mean: z.number().nonnegative().describe('Mean over the time that is known.'),
    ptsMs: ptsMs.describe('Stream time of the frame, milliseconds.'),
  }),
  'object.stationary': trackData.extend({
    stillMs: spentMs.describe('For so long it has stood still, milliseconds.'),
  }),
  'object.moving': trackData.extend({
    stillMs: spentMs.describe('For so long it had stood still, milliseconds.'),
  }),
} as const;

/** The names of all events of this contract. */
export type EventType = keyof typeof dataByType;

/** All event types, in the order of the contract. */
export const EVENT_TYPES = Object.keys(dataByType) as readonly EventType[];

/** What `data` holds for an event type. */
export type EventData<T extends EventType> = z.infer<(typeof dataByType)[T]>;

/** CloudEvents 1.0 attributes (https://github.com/cloudevents/spec) around the data of one type; `when` it is sent. */
function envelope<T extends EventType>(type: T, when: string) {
  const attributes = z.object({
    specversion: z.literal('1.0').describe('Version of CloudEvents.'),
    id: z
      .string()
      .regex(/^[a-z2-7]{32}$/)
      .describe('Deterministic: a repeated event bears the same id; drop what you have seen.'),
    source: z
      .string()
      .regex(/^(camera|file)\/[A-Za-z0-9_-]+$/)
      .describe(
        '`camera/<id>` for live sources, `file/<sha256 prefix>` for recorded ones: these are read twice alike.',
      ),
    type: z.literal(type),
    subject: camera,
    time: time.describe(
      'When it happened: capture time of the live frame that showed it, start time + pts of a recorded one. A track ' +
        'ends when it is given up; when it was last seen is in the data.',
    ),
    datacontenttype: z.literal('application/json').describe('What `data` is.'),
    dataschema: z.literal(EVENT_DATA_SCHEMA).describe('Names this contract and its major version.'),
    data: dataByType[type],
  });
  return attributes.describe(when);
}

/** The event contract: one object a type, told apart by `type`. The only source of its types and JSON Schema. */
export const eventSchema = z.discriminatedUnion('type', [
  envelope('camera.online', 'Pictures come, and nothing is wrong with them (any more).'),
  envelope('camera.offline', 'No pictures come (any more). A camera is tried again; a recording is over.'),
  envelope('camera.degraded', 'Pictures come, but not as they did or should.'),
  envelope(
    'track.started',
    'An object was seen often, or surely, enough to be believed: once a track, first.',
  ),
  envelope(
    'track.updated',
    'Where a tracked object is: about once a second (`updateIntervalMs`), sooner when it is out of sight or back, changes its ' +
      'kind, or has left the box that was told last.',
  ),
  envelope('track.ended', 'The object was given up, or can no longer be followed: once a track, last.'),
  envelope('zone.entered', 'A tracked object has been inside a zone for its `enterMs`.'),
  envelope(
    'zone.left',
    'It has been outside for `leaveMs`, or its track ended: once for each `zone.entered`.',
  ),
  envelope('zone.dwell', 'It has been inside for `dwellMs`: at most once a visit.'),
  envelope('zone.loitering', 'It has been inside for `loiterMs`: at most once a visit.'),
  envelope('line.crossed', 'A tracked object went from one side of a line to the other.'),
  envelope('occupancy.changed', 'Another number of objects than before is inside a zone.'),
  envelope(
    'occupancy.summary',
    'An interval of `occupancy.intervalMs` is over, and anything is known of it.',
  ),
  envelope('object.stationary', 'A tracked object has stood still for `stationary.afterMs`.'),
  envelope('object.moving', 'An object that was told to stand still moves again.'),
]);

/** Any event of this contract. */
export type SightlineEvent = z.infer<typeof eventSchema>;

/** The event of one type. */
export type EventOf<T extends EventType> = Extract<SightlineEvent, { type: T }>;
