import { readFileSync } from 'node:fs';
import { PipelineError } from '../../models/domain/errors';
import type { Manifest } from '../../models/efficientvit/manifest';
import type { ShmRing } from '../../workers/frames/shm-ring';
import type { FrameReference } from '../../workers/inference/protocol';
import { BATCHES_PER_PROCESS, createInferenceProcess } from '../../workers/local/inference-process';
import type { BatchReply, ProcessBatch } from '../../workers/local/inference-process';

/** What a process is to be measured with. */
export interface Candidate {
  readonly manifest: Manifest;
  readonly provider: string;
  readonly batch: number;
  /** Threads within one run of the graph; 0: as many as onnxruntime likes. */
  readonly threads: number;
}

/** One stretch of measuring. */
export interface Stretch {
  /** Wall time a frame inside the detector and inside its graph, one pair for each batch. */
  readonly frameMs: readonly number[];
  readonly graphMs: readonly number[];
  readonly frames: number;
  readonly elapsedMs: number;
}

/** An inference process just as `run` starts it, with one model on one provider. */
export interface ModelProcess {
  /** Name and version of what runs the model. */
  readonly runtime: string;
  /**
   * Has it detect for this long, or until `signal` is aborted, and at least two batches; what it began is finished. One at a time.
   * Rejects with a PipelineError when it is lost or refuses.
   */
  measure(durationMs: number, signal: AbortSignal): Promise<Stretch>;
  /** What it holds in memory now; undefined where the system does not tell (no `/proc`). */
  memoryBytes(): number | undefined;
  stop(): Promise<void>;
}

export interface ModelProcessOptions {
  readonly candidate: Candidate;
  readonly ring: ShmRing;
  /** Frames that lie in the ring; batches take them in turn. */
  readonly frames: readonly FrameReference[];
  /** Gives up the start, which may take minutes; not what is measured. */
  readonly signal: AbortSignal;
}

/** TensorRT builds its engine meanwhile. */
const START_TIMEOUT_MS = 120_000;
const BATCH_TIMEOUT_MS = 60_000;

interface Measuring {
  readonly startedMs: number;
  readonly isOver: () => boolean;
  readonly frameMs: number[];
  readonly graphMs: number[];
  readonly resolve: (stretch: Stretch) => void;
  readonly reject: (error: PipelineError) => void;
}

/** Starts one, which loads the model and warms it up. Rejects with PipelineError `model` when the provider cannot run it. */
export async function startModelProcess({
  candidate: { manifest, provider, batch, threads },
  ring,
  frames,
  signal: giveUp,
}: ModelProcessOptions): Promise<ModelProcess> {
  let nextId = 0;
  let nextFrame = 0;
  let current: Measuring | undefined;
  let lost: PipelineError | undefined;
  let settleStart: { resolve: (runtime: string) => void; reject: (error: PipelineError) => void };
  const started = new Promise<string>((resolve, reject) => (settleStart = { resolve, reject }));

  const child = createInferenceProcess<ProcessBatch>({
    start: {
      kind: 'start',
      manifest,
      providers: [provider],
      maxBatch: batch,
      intraOpThreads: threads,
      ring: { id: ring.id, frameBytes: ring.frameBytes },
    },
    startTimeoutMs: START_TIMEOUT_MS,
    inferenceTimeoutMs: BATCH_TIMEOUT_MS,
    onReady: ({ runtime }) => settleStart.resolve(runtime),
    onReply: (_batch, reply) => hear(reply),
    onLost({ error }) {
      lost = error;
      settleStart.reject(error);
      current?.reject(error);
    },
  });

  function send(): void {
    const references = Array.from({ length: batch }, () => frames[nextFrame++ % frames.length]!);
    child.run({ id: nextId++, frames: references.map((reference) => ({ reference })) });
  }

  function hear(reply: BatchReply): void {
    if (current === undefined) return;
    if (reply.kind === 'refused') {
      current.reject(new PipelineError('inference', reply.message));
      return;
    }
    const { runMs, graphMs } = reply.timings;
    current.frameMs.push(runMs / batch);
    current.graphMs.push(graphMs / batch);
    if (!current.isOver()) send();
    else if (child.outstanding === 0) {
      const { frameMs, graphMs, startedMs, resolve } = current;
      current = undefined;
      resolve({
        ...{ frameMs, graphMs },
        frames: frameMs.length * batch,
        elapsedMs: performance.now() - startedMs,
      });
    }
  }

  const onGiveUp = () =>
    settleStart.reject(new PipelineError('model', 'inference process: stopped before it was ready'));
  giveUp.addEventListener('abort', onGiveUp);
  let runtime: string;
  try {
    runtime = await started;
  } catch (error) {
    await child.stop();
    throw error;
  } finally {
    giveUp.removeEventListener('abort', onGiveUp);
  }
  return {
    runtime,
    measure: (durationMs, signal) =>
      new Promise((resolve, reject) => {
        if (lost !== undefined) {
          reject(lost);
          return;
        }
        const startedMs = performance.now();
        const isOver = () => signal.aborted || performance.now() - startedMs >= durationMs;
        current = { startedMs, isOver, frameMs: [], graphMs: [], resolve, reject };
        for (let count = 0; count < BATCHES_PER_PROCESS; count++) send();
      }),
    memoryBytes: () => (child.pid === undefined ? undefined : residentBytes(child.pid)),
    stop: () => child.stop(),
  };
}

function residentBytes(pid: number): number | undefined {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    // Not Linux, or it has just ended.
    return undefined;
  }
}
