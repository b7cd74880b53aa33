import { z } from 'zod';
import { ERRORS } from './errors';
import { DEGRADED_CAUSES } from './camera-status';
import type { ErrorCode } from './errors';

/** Version of this contract. A change that breaks a reader moves it. */
export const EVENT_CONTRACT_VERSION = 1;

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
const score = z.number().min(0).max(1);

const camera = z.string().min(1).describe('Name of the camera.');
const epoch = z
  .int()
  .nonnegative()
  .describe('Segment of the stream: grows when pts restart, or size or codec change.');
const trackId = z
  .string()
  .min(1)
  .describe('Unique for one object: camera, epoch and a counter; never used again.');

const cameraData = z.object({ camera, epoch });
const trackData = z.object({
  camera,
  epoch,
  trackId,
  label,
  score: score.describe('Score of the latest detection.'),
  box: pixels,
  boxFraction: fractions,
  ptsMs,
  capturedAtMs: z
    .number()
    .optional()
    .describe('Estimated wall time of capture, milliseconds since 1970; live only.'),
  speed: z
    .object({
      value: z.number().nonnegative(),
      unit: z.enum(['m/s', 'heights/s']).describe("On the ground, or in the picture's heights."),
    })
    .optional()
    .describe('How fast it is, where that is asked for and known.'),
});

const errorCodes = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

const dataByType = {
  'camera.online': cameraData.extend({
    source: size.describe('Size of the source picture in pixels.'),
    codec: z.string().min(1).optional().describe('Such as h264; live only.'),
  }),
  'camera.offline': cameraData.extend({
    cause: z.enum([...errorCodes, 'stopped', 'completed', 'paused']),
    detail: z.string().optional().describe('One line for people; without credentials.'),
  }),
  'camera.degraded': cameraData.extend({
    cause: z
      .enum(DEGRADED_CAUSES)
      .describe(
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
    reason: z.enum(['lost', 'discontinuity', 'completed', 'stopped', 'restart']),
    firstSeenPtsMs: ptsMs,
    lastSeenPtsMs: ptsMs,
    durationMs: z.number().nonnegative(),
    maxScore: score,
    hits: z.int().positive().describe('Detections of the object.'),
    path: z
      .array(point)
      .max(64)
      .describe('Bottom centre of the box over time, thinned to at most 64 points.'),
    bestFrame: z.string().optional().describe('Key of the best snapshot, where one was kept.'),
  }),
  'zone.entered': trackData.extend({ zone: z.string().min(1) }),
  'zone.left': trackData.extend({ zone: z.string().min(1), dwellMs: z.number().nonnegative() }),
  'zone.dwell': trackData.extend({ zone: z.string().min(1), dwellMs: z.number().nonnegative() }),
  'zone.loitering': trackData.extend({ zone: z.string().min(1), dwellMs: z.number().nonnegative() }),
  'line.crossed': trackData.extend({ line: z.string().min(1), direction: z.enum(['in', 'out']) }),
  'occupancy.changed': cameraData.extend({
    zone: z.string().min(1),
    label: label.optional(),
    count: z.int().nonnegative(),
    ptsMs,
  }),
  'occupancy.summary': cameraData.extend({
    zone: z.string().min(1),
    from: time.describe('Begin of the interval.'),
    to: time.describe('Its end.'),
    observedMs: z.number().positive().describe('For so long of it the number was known.'),
    min: z.int().nonnegative(),
    max: z.int().nonnegative(),
    mean: z.number().nonnegative().describe('Over the time that is known.'),
    ptsMs,
  }),
  'object.stationary': trackData.extend({
    stillMs: z.number().nonnegative().describe('For so long it has stood still.'),
  }),
  'object.moving': trackData.extend({
    stillMs: z.number().nonnegative().describe('For so long it had stood still.'),
  }),
} as const;

/** The names of all events of this contract. */
export type EventType = keyof typeof dataByType;

/** All event types, in the order of the contract. */
export const EVENT_TYPES = Object.keys(dataByType) as readonly EventType[];

/** What `data` holds for an event type. */
export type EventData<T extends EventType> = z.infer<(typeof dataByType)[T]>;

/** CloudEvents 1.0 attributes (https://github.com/cloudevents/spec) around the data of one type. */
function envelope<T extends EventType>(type: T) {
  return z.object({
    specversion: z.literal('1.0'),
    id: z
      .string()
      .regex(/^[a-z2-7]{32}$/)
      .describe('Deterministic: a repeated event bears the same id; drop what you have seen.'),
    source: z
      .string()
      .regex(/^(camera|file)\/[A-Za-z0-9_-]+$/)
      .describe('camera/<id> for live sources, file/<sha256 prefix> for recorded ones.'),
    type: z.literal(type),
    subject: camera,
    time: time.describe(
      'When it happened: capture time of the live frame that showed it, start time + pts of a recorded one. A track ' +
        'ends when it is given up; when it was last seen is in the data.',
    ),
    datacontenttype: z.literal('application/json'),
    dataschema: z.literal(`urn:sightline:event:${String(EVENT_CONTRACT_VERSION)}`),
    data: dataByType[type],
  });
}

/** The event contract: one object a type, told apart by `type`. The only source of its types and JSON Schema. */
export const eventSchema = z.discriminatedUnion('type', [
  envelope('camera.online'),
  envelope('camera.offline'),
  envelope('camera.degraded'),
  envelope('track.started'),
  envelope('track.updated'),
  envelope('track.ended'),
  envelope('zone.entered'),
  envelope('zone.left'),
  envelope('zone.dwell'),
  envelope('zone.loitering'),
  envelope('line.crossed'),
  envelope('occupancy.changed'),
  envelope('occupancy.summary'),
  envelope('object.stationary'),
  envelope('object.moving'),
]);

/** Any event of this contract. */
export type SightlineEvent = z.infer<typeof eventSchema>;

/** The event of one type. */
export type EventOf<T extends EventType> = Extract<SightlineEvent, { type: T }>;

/** JSON Schema (draft 2020-12) of one event, generated from the contract. */
export function eventJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(eventSchema, { target: 'draft-2020-12', io: 'input' });
  return {
    ...schema,
    $id: `urn:sightline:event:${String(EVENT_CONTRACT_VERSION)}`,
    title: 'Sightline event',
  };
}
