import { z } from 'zod';
import { HARDWARE_DECODERS } from '../models/domain/hardware';
import { NAMESPACE_PATTERN } from '../models/domain/keys';
import { bridgesSchema } from './bridges-schema';
import { CAMERA_URLS, expectedCameraUrl } from './camera-input';
import { jsonlSchema, pathSchema, redisSchema, redisUrlSchema } from './events-schema';
import { maskSchema } from './mask-schema';
import { modelSchema } from './model-schema';
import { rtspTransportSchema } from './rtsp-schema';
import { ruleSettings } from './rules-schema';
import { saturationSchema } from './saturation-schema';
import { motionSchema } from './motion-schema';
import { snapshotsSchema } from './snapshots-schema';

/** As `isCameraId` of models/domain/frame.ts, which a test holds it to. */
export const CAMERA_ID_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}$/;

// `expected` is how a fault names what should have stood there, where the type alone does not say it.
const cameraUrl = z
  .string()
  .min(1)
  .superRefine((url, context) => {
    const expected = expectedCameraUrl(url);
    if (expected !== undefined) context.addIssue({ code: 'custom', message: expected });
  })
  .meta({ expected: CAMERA_URLS });

const videoPath = pathSchema.regex(/\.[mM][pP]4$/).meta({ expected: 'the path of a file that ends in .mp4' });

const trackSchema = z.strictObject({
  confirmHits: z
    .int()
    .min(1)
    .max(1000)
    .default(3)
    .describe('Detections that make a track of an object. More: fewer false tracks, which start later.'),
  forgetAfterMs: z
    .number()
    .positive()
    .max(600_000)
    .default(1500)
    .describe('Stream time after which an unseen object ends. More: fewer tracks cut in two.'),
});

/** One camera; `configSchema` does not look at those whose name is wrong. */
export const cameraSchema = z.strictObject({
  url: cameraUrl.describe(
    'Where the pictures come from: `rtsp://user:password@host/path` (or `rtsps://`); MJPEG, HLS or MPEG-TS at `http://` or ' +
      '`https://`; RTP as an SDP file says (`stream.sdp`, `sdp:path`); `/dev/video0` (`v4l2:path`); the path of a file ' +
      '(`file:///path`), or of a folder of pictures, which ends with `/`; `test:moving-box`, a generated picture, with ' +
      '`?seconds=10` a recording of it. Relative paths start at the folder of this file.',
  ),
  viewUrl: cameraUrl
    .optional()
    .describe(
      'Live only: a second stream of the same camera, for people: annotated video and snapshots are made of it. `url` is what is looked at, so it ' +
        "can be the camera's small stream. Without it: `url` is for both.",
    ),
  rtspTransport: rtspTransportSchema,
  maxFps: z
    .number()
    .positive()
    .max(240)
    .default(10)
    .describe('Frames a second that are looked at; a camera that sends fewer is looked at in full.'),
  minScore: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe("Score from which a detection can start a track. Without it: the model's own threshold."),
  labels: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Kinds of objects to report, of those the model knows. Without it: all.'),
  masks: z
    .array(maskSchema)
    .max(64)
    .optional()
    .describe(
      'Parts of the picture that nobody may see, neither the detector nor a video: they are black in all that is made of it.',
    ),
  priority: z
    .int()
    .min(0)
    .max(9)
    .default(5)
    .describe(
      'Live only: how important the camera is. When there is too little time for all, the lowest give way first.',
    ),
  ...ruleSettings,
  motion: motionSchema
    .optional()
    .describe(
      'Leave frames out of the detector while nothing moves and nothing is tracked; `{}` takes the defaults. Without it every frame is looked at.',
    ),
  maxLatencyMs: z
    .number()
    .positive()
    .max(600_000)
    .default(500)
    .describe('Live only: a frame older than this is not looked at any more.'),
  resumeWindowMs: z
    .number()
    .min(0)
    .max(3_600_000)
    .default(20_000)
    .describe(
      'Live only: after an outage no longer than this, tracks go on instead of ending. The default lasts until another `ingest` process has the camera of one that died, which takes 10 to 13 s.',
    ),
  inFlight: z
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe(
      'Frames of this camera inside the detector at once. Without it: 2 for live cameras, 16 for recordings.',
    ),
  hwaccel: z
    .enum(HARDWARE_DECODERS)
    .optional()
    .describe(
      'Decode in hardware, with what FFmpeg calls so. Where there is none that works, the CPU decodes, with a warning (`auto`: without one). Without it: the CPU.',
    ),
  annotate: videoPath.optional().describe('Video file (.mp4) to write, with boxes, ids and labels drawn in.'),
  snapshots: z
    .boolean()
    .default(true)
    .describe('Keep snapshots of what is tracked here, where the configuration has `snapshots`.'),
  startTime: z.iso
    .datetime({ offset: true })
    .default('1970-01-01T00:00:00Z')
    .meta({ expected: 'a time such as 2026-05-01T12:00:00Z' })
    .describe(
      'Recordings only: the time of day at which the recording begins. Events bear it plus stream time.',
    ),
  loop: z
    .boolean()
    .default(false)
    .describe('Files and folders only: start again at the end, for ever, as a live camera would go on.'),
  realTime: z
    .boolean()
    .optional()
    .describe('Recordings only: read at the speed of the recording. Without it: as `loop`.'),
  folderFps: z
    .number()
    .min(0.001)
    .max(240)
    .default(10)
    .describe('Folders only: pictures a second of stream time.'),
  track: trackSchema.prefault({}).describe('When an object becomes a track, and when it ends.'),
  updateIntervalMs: z
    .number()
    .positive()
    .max(3_600_000)
    .default(1000)
    .describe('Stream time between two `track.updated` events of one track.'),
});

const MIB = 1024 * 1024;

const queueSchema = z.strictObject({
  url: redisUrlSchema.describe(
    'Redis of the queue: `redis://user:password@host:6379/0`, or `rediss://` for TLS. Redis 6.2 or newer, policy `noeviction`.',
  ),
  store: z
    .enum(['auto', 'redis'])
    .default('auto')
    .describe(
      'How pixels reach the workers. `auto`: by shared memory while every worker is on this host, else through Redis.',
    ),
  frameBudgetBytes: z
    .int()
    .min(MIB)
    .max(64 * 1024 * MIB)
    .default(64 * MIB)
    .describe('Most bytes of pixels that one process has on their way, in Redis and in shared memory each.'),
  resubmitMs: z
    .number()
    .min(500)
    .max(600_000)
    .default(10_000)
    .describe('Files only: a frame of which no worker said anything for so long is sent again.'),
  keepDeadPixels: z
    .boolean()
    .default(false)
    .describe('Keep the picture of a frame that crashes the detector, for whoever looks into it.'),
});

/** The configuration file. The only source of its defaults, descriptions, types and JSON Schema. */
export const configSchema = z.strictObject({
  namespace: z
    .string()
    .regex(NAMESPACE_PATTERN)
    .default('sightline')
    .meta({ expected: '1 to 32 of a-z, 0-9 and "-", not starting with "-"' })
    .describe('Prefix of every Redis key; installations that share a Redis need different ones.'),
  model: modelSchema.prefault({}).describe('The detector.'),
  cameras: z
    .record(z.string().regex(CAMERA_ID_PATTERN), cameraSchema)
    .refine((cameras) => Object.keys(cameras).length > 0)
    .meta({ minProperties: 1, expected: 'at least one camera' })
    .describe(
      'The cameras by name. A name: 1 to 63 of a-z, 0-9, "_" and "-", starting with a letter or digit.',
    ),
  saturation: saturationSchema
    .prefault({})
    .describe(
      'What gives way when there is lastingly too little time for all live cameras. Recordings never do.',
    ),
  queue: queueSchema
    .optional()
    .describe(
      'Detect in `sightline worker` processes on any host, reached through this Redis. Without it: here.',
    ),
  events: z
    .array(z.discriminatedUnion('type', [jsonlSchema, redisSchema]))
    .default([])
    .describe('Where events go; every event goes to each of them.'),
  bridges: bridgesSchema,
  snapshots: snapshotsSchema
    .optional()
    .describe(
      'Keep the best picture of each track as a JPEG, of which its `track.ended` tells. Without it: none are made.',
    ),
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** Configuration as people write it: what has a default may be left out. */
export type ConfigInput = DeepReadonly<z.input<typeof configSchema>>;

/** Configuration as the program uses it: complete, paths absolute, frozen. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;

/** One camera of a loaded configuration. */
export type CameraConfig = Config['cameras'][string];

/** When frames of a camera are left out. */
export type MotionConfig = NonNullable<CameraConfig['motion']>;

/** Snapshots of a loaded configuration. */
export type SnapshotsConfig = NonNullable<Config['snapshots']>;

/** One event sink of a loaded configuration. */
export type EventsConfig = Config['events'][number];

/** One bridge of a loaded configuration. */
export type BridgeConfig = Config['bridges'][string];
