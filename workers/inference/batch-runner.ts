import { PipelineError, toPipelineError } from '../../models/domain/errors';
import { redact } from '../../models/domain/redact';
import { createDetector } from '../../models/efficientvit/detector';
import { createFrameReader } from './frame-reader';
import type { ReadResult } from './frame-reader';
import { packDetections } from './pack-detections';
import type { InferenceOutcome } from './pack-detections';
import type { BatchRequest, ReadyReply, Reply, StartRequest, Timings } from './protocol';

/** A detector and the ring it reads from. */
export interface BatchRunner {
  readonly ready: ReadyReply;
  /** Never rejects: a batch the detector cannot do is `refused`. */
  run(request: BatchRequest): Promise<Reply>;
}

/**
 * Opens the ring, loads the model and warms it up; rejects with a PipelineError when the model is not usable. `onAttempt` is
 * awaited before each provider that is tried.
 */
export async function createBatchRunner(
  { manifest, ring, ...options }: StartRequest,
  onAttempt: (provider: string) => Promise<void>,
): Promise<BatchRunner> {
  const reader = createFrameReader(ring);
  const detector = await createDetector({ manifest, onAttempt, ...options });
  const { frameBytes } = detector;
  if (frameBytes !== ring.frameBytes) {
    throw new PipelineError(
      'model',
      `frame: expected ${ring.frameBytes} bytes as in the ring, got ${frameBytes}`,
    );
  }
  const labels = new Map(manifest.labels.map((label, index) => [label, index]));
  const takeCpuMs = createCpuMeter();

  async function detect({
    frames,
  }: BatchRequest): Promise<{ outcomes: InferenceOutcome[] } & Omit<Timings, 'cpuMs'>> {
    if (frames.length > detector.maxBatch) {
      throw new RangeError(`batch: expected at most ${detector.maxBatch} frames, got ${frames.length}`);
    }
    let count = 0;
    const results = frames.map((frame): ReadResult => {
      const target = detector.inputs.subarray(count * frameBytes, (count + 1) * frameBytes);
      const result = reader.read(frame, target);
      if (result === 'read') count++;
      return result;
    });
    const startedMs = performance.now();
    const cpu = process.cpuUsage();
    const sources = frames.filter((_frame, index) => results[index] === 'read').map(({ source }) => source);
    const detections = count > 0 ? await detector.detect(sources) : [];
    const used = process.cpuUsage(cpu);
    let next = 0;
    return {
      outcomes: results.map((result) =>
        result === 'read'
          ? { kind: 'detected', detections: detections[next++]! }
          : { kind: 'dropped', reason: result },
      ),
      runMs: performance.now() - startedMs,
      graphMs: count > 0 ? detector.graphMs : 0,
      runCpuMs: toMs(used),
    };
  }

  return {
    ready: {
      kind: 'ready',
      provider: detector.provider,
      runtime: detector.runtime,
      attempts: detector.attempts.map(({ provider, error }) => ({ provider, error })),
      startCpuMs: takeCpuMs(),
    },
    async run(request) {
      const { id } = request;
      try {
        const { outcomes, ...detectorTimings } = await detect(request);
        const packed = packDetections(outcomes, labels);
        const timings: Timings = { ...detectorTimings, cpuMs: takeCpuMs() };
        return { kind: 'result', id, packed, timings };
      } catch (error) {
        const timings: Timings = { runMs: 0, graphMs: 0, runCpuMs: 0, cpuMs: takeCpuMs() };
        return { kind: 'refused', id, message: redact(toPipelineError(error, 'inference').detail), timings };
      }
    },
  };
}

function toMs({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000;
}

/** CPU time of this process since the last call, at first since its start. */
function createCpuMeter(): () => number {
  let seenMs = 0;
  return () => {
    const nowMs = toMs(process.cpuUsage());
    const sinceMs = nowMs - seenMs;
    seenMs = nowMs;
    return sinceMs;
  };
}
