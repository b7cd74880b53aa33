import { z } from 'zod';
import { PROCESS_ID_PATTERN } from '../../models/domain/keys';
import { PipelineError } from '../../models/domain/errors';
import { isCameraId } from '../../models/domain/frame';

/**
 * Version of what is said between processes that send frames and workers: jobs, replies, heartbeats. It is part of the
 * queue's name, so that two versions never meet.
 */
export const PROTOCOL = 2;

/** Most frames of one job. */
export const MAX_JOB_FRAMES = 64;

/** Most bytes of a job's data as JSON: pixels travel beside the queue, never in it. */
export const MAX_JOB_BYTES = 64 * 1024;

/** Longest side of a source picture that is believed. */
const MAX_SIDE_PX = 32_768;

const count = z.int().nonnegative();
const side = z.int().min(1).max(MAX_SIDE_PX);

const pixels = z.discriminatedUnion('store', [
  z.strictObject({ store: z.literal('redis'), number: count }).describe('Key `frame(producer, number)`.'),
  z
    .strictObject({
      store: z.literal('shm'),
      ring: z.string().regex(/^[a-z0-9-]{1,64}$/),
      slot: count,
      generation: z.int().positive(),
    })
    .describe('A slot of a frame ring of the same host.'),
]);

const frame = z.strictObject({
  camera: z.string().refine(isCameraId),
  epoch: count,
  seq: count,
  /** Counts from 1; a frame with more than one is alone in its job, and in the run of the detector. */
  attempt: z.int().positive(),
  width: side,
  height: side,
  minScore: z.number().min(0).max(1).optional(),
  /** Redis' time in milliseconds by which the detector must have begun. */
  deadlineMs: z.number().nonnegative().optional(),
  pixels,
});

const shape = z
  .strictObject({
    v: z.literal(PROTOCOL),
    producer: z.string().regex(PROCESS_ID_PATTERN),
    frames: z.array(frame).min(1).max(MAX_JOB_FRAMES),
  })
  .refine(({ frames }) => frames.length === 1 || frames.every(({ attempt }) => attempt === 1), {
    message: 'expected a frame of attempt 2 or later to be alone',
  });

/** Data of a job: a micro-batch of one process' frames for one model. */
export type DetectJob = z.infer<typeof shape>;

/** One frame of a job. */
export type JobFrame = DetectJob['frames'][number];

/** Where the pixels of a frame are. */
export type PixelReference = JobFrame['pixels'];

/** The one name of our jobs; BullMQ wants each to have one. */
export const JOB_NAME = 'detect';

/**
 * Checks what came out of the queue; anybody who may write to Redis may have put it there. Throws a PipelineError
 * `inference` that says what is wrong, and never repeats what it got at length.
 */
export function parseJob(data: unknown): DetectJob {
  const bytes = Buffer.byteLength(JSON.stringify(data ?? null));
  if (bytes > MAX_JOB_BYTES) {
    throw new PipelineError('inference', `job: expected at most ${MAX_JOB_BYTES} bytes, got ${bytes}`);
  }
  const parsed = shape.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join('.') ?? '';
  throw new PipelineError(
    'inference',
    `job: expected the data of protocol ${PROTOCOL}, got a fault${path === '' ? '' : ` at ${path}`}: ${issue?.message ?? ''}`,
  );
}
