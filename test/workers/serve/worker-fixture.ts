import { Queue } from 'bullmq';
import { fingerprintOf } from '../../../models/efficientvit/fingerprint';
import type { Manifest } from '../../../models/efficientvit/manifest';
import type { Outcome } from '../../../models/domain/observation';
import { cameraId } from '../../../models/domain/frame';
import type { SourceMode } from '../../../models/domain/frame';
import { createKeys } from '../../../models/domain/keys';
import { createRedis } from '../../../models/support/redis';
import { createQueueWorker } from '../../../workers/serve/queue-worker';
import type { QueueWorkerOptions, WorkerEvent } from '../../../workers/serve/serve-types';
import { JOB_NAME, PROTOCOL } from '../../../workers/wire/job';
import type { DetectJob, JobFrame, PixelReference } from '../../../workers/wire/job';
import { createProcessId } from '../../../workers/wire/process-id';
import { decodeReply } from '../../../workers/wire/reply';
import type { FrameReply, Reply } from '../../../workers/wire/reply';
import { waitFor } from '../../support/wait-for';
import { goldenFrames } from '../support/pool-fixture';

export const NAMESPACE = 'test';
export const keys = createKeys(NAMESPACE);

/** A worker that does not wait long for anything, and what it reported. */
export async function startWorker(
  options: Pick<QueueWorkerOptions, 'url' | 'manifest'> & Partial<QueueWorkerOptions>,
) {
  const events: WorkerEvent[] = [];
  const worker = await createQueueWorker({
    namespace: NAMESPACE,
    providers: ['cpu'],
    processes: 1,
    maxBatch: 4,
    inferenceTimeoutMs: 20_000,
    onEvent: (event) => void events.push(event),
    ...options,
  });
  return { worker: worker!, events };
}

export type TestProducer = ReturnType<typeof startProducer>;

/** Sends jobs as ingest does, but believes nothing and repairs nothing. */
export function startProducer(url: string, manifest: Manifest) {
  const id = createProcessId('producer');
  const client = createRedis({ url, role: 'consumer', purpose: 'test-producer' });
  const queueOf = (mode: SourceMode) => {
    const queue = new Queue(keys.queue(fingerprintOf(manifest), PROTOCOL, mode), {
      connection: client,
      prefix: keys.queuePrefix,
      defaultJobOptions: { attempts: 1, removeOnComplete: { count: 0 }, removeOnFail: { count: 100 } },
    });
    queue.on('error', () => undefined);
    return queue;
  };
  const queues = { live: queueOf('live'), recorded: queueOf('recorded') };
  let nextNumber = 0;

  async function replies(): Promise<Reply[]> {
    const entries = await client.xrangeBuffer(keys.replies(id), '-', '+');
    return entries.map(([, fields]) => {
      const named = new Map<string, Buffer>();
      for (let at = 0; at < fields.length; at += 2) named.set(fields[at]!.toString(), fields[at + 1]!);
      return decodeReply(named, manifest.labels);
    });
  }

  return {
    id,
    client,
    queues,
    replies,
    /** Stores the pixels of a golden picture; returns where. */
    async store(picture: number): Promise<PixelReference> {
      const number = nextNumber++;
      await client.set(keys.frame(id, number), Buffer.from(goldenFrames[picture % 3]!), 'PX', 60_000);
      return { store: 'redis', number };
    },
    /** Adds a job of these frames, or of any other data. */
    add: (frames: readonly JobFrame[] | { readonly data: unknown }, mode: SourceMode = 'recorded') =>
      queues[mode].add(
        JOB_NAME,
        'data' in frames
          ? frames.data
          : ({ v: PROTOCOL, producer: id, frames: [...frames] } satisfies DetectJob),
      ),
    /** Waits for answers to so many frames in all and gives them in the order of their cameras and numbers. */
    async answers(count: number, timeoutMs = 20_000): Promise<FrameReply[]> {
      const frames = await waitFor(
        async () => {
          const found = (await replies()).flatMap((reply) => reply.frames);
          return found.length >= count && found;
        },
        { what: `${count} answers`, timeoutMs },
      );
      return frames.sort((a, b) => (a.camera === b.camera ? a.seq - b.seq : a.camera < b.camera ? -1 : 1));
    },
    async close() {
      await Promise.all([queues.live.close(), queues.recorded.close()]);
      client.disconnect();
    },
  };
}

/** A frame of a job. */
export function jobFrame(
  seq: number,
  pixels: PixelReference,
  options: Partial<JobFrame> & { readonly from?: string } = {},
): JobFrame {
  const { from = 'plaza', ...others } = options;
  return { camera: cameraId(from), epoch: 0, seq, attempt: 1, width: 416, height: 256, pixels, ...others };
}

/** Stores golden pictures and adds them as one job; `from` names the camera. */
export async function send(
  producer: TestProducer,
  seqs: readonly number[],
  options: Partial<JobFrame> & { readonly from?: string } = {},
): Promise<void> {
  const frames = await Promise.all(
    seqs.map(async (seq) => jobFrame(seq, await producer.store(seq), options)),
  );
  await producer.add(frames);
}

/** What a local port said of a frame, as a worker answers it. */
export function expectSame(answer: FrameReply, outcome: Outcome | undefined): void {
  if (outcome?.kind !== 'detected') throw new Error('expected the reference to be detected');
  expect(answer.kind).toBe('detected');
  expect(answer.detections).toEqual(outcome.detections);
}
