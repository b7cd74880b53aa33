import { z } from 'zod';
import { PROTOCOL } from './job';

/** How often a process says that it lives. */
export const HEARTBEAT_INTERVAL_MS = 1000;

/** Who has not said so for this long counts as gone: longer than a Redis that is frozen or restarted. */
export const HEARTBEAT_TTL_MS = 6000;

/** A field older than this is removed by whoever reads it. */
export const HEARTBEAT_FORGET_MS = 60_000;

const fingerprint = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe('Of the detector.');

const shared = {
  /** Redis' time of the heartbeat in milliseconds. */
  atMs: z.number(),
  host: z.string().max(255).describe('For people.'),
};

const workerSchema = z.strictObject({
  v: z.literal(PROTOCOL),
  ...shared,
  hostToken: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .describe("Equal for processes that can open each other's frame rings."),
  model: z.string().max(64),
  fingerprint,
  provider: z.string().max(32),
  /** Inference processes that are ready; 0 while none is. */
  processes: z.int().min(0).max(1024),
  maxBatch: z.int().min(1).max(64),
  /** Part of the time since the last heartbeat in which the inference processes worked, 0 to 1. */
  busyRatio: z.number().min(0).max(1),
  /** Takes no more jobs. */
  isLeaving: z.boolean(),
});

const producerSchema = z.strictObject({
  v: z.literal(PROTOCOL),
  ...shared,
  /** Had frames for the workers since the last heartbeat: the capacity is shared among those that have. */
  isActive: z.boolean(),
  fingerprint,
});

/** What a worker says of itself: the value of its field of the hash `workers`. */
export type WorkerHeartbeat = z.infer<typeof workerSchema>;

/** What a process that sends frames says of itself: its field of the hash `producers`. */
export type ProducerHeartbeat = z.infer<typeof producerSchema>;

/** A worker's heartbeat; undefined for a text that is none of this protocol. */
export function parseWorkerHeartbeat(text: string): WorkerHeartbeat | undefined {
  return parse(workerSchema, text);
}

/** A producer's heartbeat; undefined for a text that is none of this protocol. */
export function parseProducerHeartbeat(text: string): ProducerHeartbeat | undefined {
  return parse(producerSchema, text);
}

function parse<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** True for a heartbeat of now; one of the future comes from a clock that nobody else goes by. */
export function isAlive({ atMs }: { readonly atMs: number }, nowMs: number): boolean {
  return Math.abs(nowMs - atMs) < HEARTBEAT_TTL_MS;
}

/** True for a field of a hash of heartbeats, of whatever version, that is to be removed. */
export function isForgotten(text: string, nowMs: number): boolean {
  try {
    const { atMs } = JSON.parse(text) as { atMs?: unknown };
    return typeof atMs !== 'number' || Math.abs(nowMs - atMs) > HEARTBEAT_FORGET_MS;
  } catch {
    return true;
  }
}
