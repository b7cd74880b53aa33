import { types } from 'node:util';
import { z } from 'zod';
import { ERRORS } from '../../models/domain/errors';
import type { ErrorCode } from '../../models/domain/errors';
import { manifestSchema } from '../../models/efficientvit/manifest';

/**
 * Messages between a pool and one inference process, over the IPC channel of `fork` with `serialization: 'advanced'`.
 * Detections cross as one Float64Array a batch: bit-exact, and 0.13 ms of CPU a side for 8 frames of 80 detections,
 * against 0.72 ms as JSON objects (Node 20).
 */

/** File descriptor of the child at which it notices the end of its parent; 0 to 2 are stdio, 3 is the IPC channel. */
export const GUARD_FD = 4;

const size = z.strictObject({ width: z.int().positive(), height: z.int().positive() });
const count = z.int().nonnegative();
const milliseconds = z.number().nonnegative();
const float64Array = z.custom<Float64Array>(
  (value) => types.isFloat64Array(value),
  'expected a Float64Array',
);
const float32Array = z.custom<Float32Array>(
  (value) => types.isFloat32Array(value),
  'expected a Float32Array',
);

const start = z.strictObject({
  kind: z.literal('start'),
  manifest: manifestSchema,
  providers: z.array(z.string()).min(1),
  maxBatch: z.int().positive(),
  intraOpThreads: z.int().nonnegative(),
  ring: z.strictObject({ id: z.string(), frameBytes: z.int().positive() }),
});

const frameReference = z.strictObject({
  /** A ring of another process of this host; absent: the pool's own. */
  ring: z.string().optional(),
  slot: count,
  generation: z.int().positive(),
  length: z.int().positive(),
  source: size.extend({ minScore: z.number().min(0).max(1).optional() }),
});

const batch = z.strictObject({
  kind: z.literal('batch'),
  id: count,
  frames: z.array(frameReference).min(1),
});

/** What a pool says: `start` first and once, then batches. Closing the channel ends the process. */
export const requestSchema = z.discriminatedUnion('kind', [start, batch]);

/** Before each provider that it tries: a native fault may end it, or hang, and then nothing else tells which it was. */
const trying = z.strictObject({ kind: z.literal('trying'), provider: z.string() });

const ready = z.strictObject({
  kind: z.literal('ready'),
  provider: z.string(),
  /** Name and version of what runs the model. */
  runtime: z.string(),
  attempts: z.array(z.looseObject({ provider: z.string(), error: z.string() })),
  /** CPU the process took so far: loading and the warm-up. */
  startCpuMs: milliseconds,
});

const failed = z.strictObject({
  kind: z.literal('failed'),
  code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
  message: z.string(),
});

const timings = z.strictObject({
  /** Wall and CPU time inside the detector. */
  runMs: milliseconds,
  /** Wall time inside the graph; what is left of `runMs` is post-processing. */
  graphMs: milliseconds,
  runCpuMs: milliseconds,
  /** CPU time of the whole process since its last report. */
  cpuMs: milliseconds,
});

const packedDetections = z.strictObject({
  /** Detections of each frame of the batch; -1 for one that was overwritten in its ring, -2 for one whose ring is out of reach. */
  counts: z.array(z.int().min(-2)),
  /** Of each detection: index of its label, score, x1, y1, x2, y2. */
  values: float64Array,
  /** Appearance of each detection, `featureLength` numbers each. */
  features: float32Array,
  featureLength: count,
});

const result = z.strictObject({
  kind: z.literal('result'),
  id: count,
  packed: packedDetections,
  timings,
});

/** The detector refused the batch; the process goes on. */
const refused = z.strictObject({
  kind: z.literal('refused'),
  id: count,
  message: z.string(),
  timings,
});

/** What an inference process says: `trying` for each provider, `ready` or `failed`, then `result` or `refused` for each batch in the order they came. */
export const replySchema = z.discriminatedUnion('kind', [trying, ready, failed, result, refused]);

export type StartRequest = z.infer<typeof start>;
export type BatchRequest = z.infer<typeof batch>;
export type FrameReference = z.infer<typeof frameReference>;
export type Request = z.infer<typeof requestSchema>;
export type ReadyReply = z.infer<typeof ready>;
export type Timings = z.infer<typeof timings>;
export type PackedDetections = z.infer<typeof packedDetections>;
export type Reply = z.infer<typeof replySchema>;
