import { z } from 'zod';
import { PipelineError } from '../../models/domain/errors';
import { PROCESS_ID_PATTERN } from '../../models/domain/keys';
import { isCameraId } from '../../models/domain/frame';
import type { CameraId } from '../../models/domain/frame';
import type { Detection } from '../../models/domain/detection';
import { packDetections, unpackDetections } from '../inference/pack-detections';
import { MAX_JOB_FRAMES, PROTOCOL } from './job';

/**
 * What a worker says of one frame:
 * `detected`; `expired`: its deadline had passed; `missing`: its pixels were not in Redis (yet, or any more); `overwritten`:
 * the ring's slot held another frame; `unreachable`: this worker cannot open the ring; `lost`: the inference process that
 * had begun the frame crashed or hung; `refused`: the detector did not take it; `returned`: the worker is leaving and had
 * not begun it.
 */
export const REPLY_KINDS = [
  'detected',
  'expired',
  'missing',
  'overwritten',
  'unreachable',
  'lost',
  'refused',
  'returned',
] as const;

export type ReplyKind = (typeof REPLY_KINDS)[number];

/** What became of one frame of a job. */
export interface FrameReply {
  readonly camera: CameraId;
  readonly epoch: number;
  readonly seq: number;
  readonly attempt: number;
  readonly kind: ReplyKind;
  /** Of a `detected` frame; empty otherwise. */
  readonly detections: readonly Detection[];
}

/** Answer to a job: an entry of the stream `replies(producer)`. */
export interface Reply {
  readonly worker: string;
  readonly frames: readonly FrameReply[];
}

/** Fields of the entry: JSON for people and machines, and the detections as little-endian numbers, bit-exact. */
export type ReplyFields = ['head', string, 'values', Buffer, 'features', Buffer];

const MAX_DETECTIONS = 10_000;
const MAX_FEATURES = 4096;
const count = z.int().nonnegative();

const headSchema = z.strictObject({
  v: z.literal(PROTOCOL),
  worker: z.string().regex(PROCESS_ID_PATTERN),
  featureLength: count.max(MAX_FEATURES),
  frames: z
    .array(
      z.strictObject({
        camera: z.string().refine(isCameraId),
        epoch: count,
        seq: count,
        attempt: z.int().positive(),
        kind: z.enum(REPLY_KINDS),
        /** Detections of the frame; -1 unless it is `detected`. */
        count: z.int().min(-1).max(MAX_DETECTIONS),
      }),
    )
    .min(1)
    .max(MAX_JOB_FRAMES),
});

/** A reply as the fields of a stream entry. Throws a RangeError for a label that the model does not have. */
export function encodeReply({ worker, frames }: Reply, labels: ReadonlyMap<string, number>): ReplyFields {
  const packed = packDetections(
    frames.map(({ kind, detections }) =>
      kind === 'detected' ? { kind: 'detected', detections } : { kind: 'dropped', reason: 'overwritten' },
    ),
    labels,
  );
  const head: z.infer<typeof headSchema> = {
    v: PROTOCOL,
    worker,
    featureLength: packed.featureLength,
    frames: frames.map(({ camera, epoch, seq, attempt, kind }, index) => {
      return { camera, epoch, seq, attempt, kind, count: packed.counts[index]! };
    }),
  };
  return [
    'head',
    JSON.stringify(head),
    'values',
    bytesOf(packed.values),
    'features',
    bytesOf(packed.features),
  ];
}

/**
 * Reads the fields of a stream entry. Throws a PipelineError `inference` when they are no reply: anybody who may write to
 * Redis may have put them there.
 */
export function decodeReply(fields: ReadonlyMap<string, Buffer>, labels: readonly string[]): Reply {
  const head = headSchema.safeParse(parseJson(fields.get('head')?.toString('utf8')));
  if (!head.success) throw refusal(head.error.issues[0]?.message ?? 'no head');
  const { worker, frames, featureLength } = head.data;
  const counts = frames.map((frame) => frame.count);
  if (frames.some(({ kind, count: found }) => (kind === 'detected') !== found >= 0)) {
    throw refusal('a count that does not fit its kind');
  }
  try {
    const outcomes = unpackDetections(
      {
        counts,
        values: new Float64Array(numbersOf(fields.get('values'), Float64Array.BYTES_PER_ELEMENT)),
        features: new Float32Array(numbersOf(fields.get('features'), Float32Array.BYTES_PER_ELEMENT)),
        featureLength,
      },
      labels,
    );
    return {
      worker,
      frames: frames.map(({ camera, epoch, seq, attempt, kind }, index) => {
        const outcome = outcomes[index]!;
        const detections = outcome.kind === 'detected' ? outcome.detections : [];
        return { camera, epoch, seq, attempt, kind, detections };
      }),
    };
  } catch (error) {
    if (error instanceof RangeError) throw refusal(error.message);
    throw error;
  }
}

const refusal = (got: string) =>
  new PipelineError('inference', `reply: expected one of protocol ${PROTOCOL}, got ${got}`);

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

const bytesOf = (numbers: Float64Array | Float32Array) =>
  Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);

/** A copy: the numbers of a network buffer need not lie on their own alignment. */
function numbersOf(bytes: Buffer | undefined, size: number): ArrayBuffer {
  if (bytes === undefined || bytes.length % size !== 0) throw new RangeError('numbers cut off');
  return new Uint8Array(bytes).buffer;
}
