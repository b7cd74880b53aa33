import type { Detection } from '../domain/detection';
import { PipelineError } from '../domain/errors';
import { createFaultHook } from './fault';
import { verifyWeights } from './manifest';
import type { Manifest } from './manifest-schema';
import { createPixelConverter } from './pixels';
import { createPostprocess, hasScores } from './postprocess';
import type { SourcePicture } from './postprocess';
import type { ProviderAttempt } from './providers';
import { createSession } from './session';

/**
 * Frames in one run of the graph on a CPU. A larger batch goes through in runs of these: what one run keeps in the caches is
 * not fetched from memory, which all cores share (both cores of two busy, 416x256: 12.3 ms a frame by two, 13.0 by four).
 */
export const CPU_RUN_FRAMES = 2;

/** Options of `createDetector`. */
export interface DetectorOptions {
  readonly manifest: Manifest;
  /** Execution providers in order of preference: the first that runs the model is taken. */
  readonly providers: readonly string[];
  /** Most frames that `detect` is given at once. */
  readonly maxBatch: number;
  /** Threads within one run; 0 lets onnxruntime take all cores. */
  readonly intraOpThreads: number;
  /** Awaited before each provider that is tried. */
  readonly onAttempt?: (provider: string) => Promise<void>;
}

/** A loaded model with one input buffer: one batch at a time. */
export interface Detector {
  readonly manifest: Manifest;
  /** As it was asked for: `cuda:1`. */
  readonly provider: string;
  /** Name and version of what runs the graph. */
  readonly runtime: string;
  /** Providers asked for before `provider`, and why they were not taken. */
  readonly attempts: readonly ProviderAttempt[];
  readonly maxBatch: number;
  /** Bytes of one frame, in I420 whatever the graph takes. */
  readonly frameBytes: number;
  /** `maxBatch * frameBytes`; the caller fills the first frames (I420), then calls `detect`, then may fill it again. */
  readonly inputs: Uint8Array;
  /**
   * Detects in the first `sources.length` frames of `inputs`; each source is the size of the picture that was fitted into
   * the frame, and boxes come back in its pixels. Every frame's result is the same whatever else is in the batch (provider
   * `cpu`). Rejects with PipelineError `inference`, or a RangeError for a wrong number of frames.
   */
  detect(sources: readonly SourcePicture[]): Promise<Detection[][]>;
  /** Wall time inside the graph during the last `detect`; the rest of it was post-processing. */
  readonly graphMs: number;
  /** Frees the native memory; may be called again. Not while `detect` runs. */
  dispose(): Promise<void>;
}

/** The smallest power of two that holds `count`: GPU providers prepare themselves anew for every batch size they meet. */
export function paddedBatch(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}

/**
 * Checks the weights, loads them and runs them once for each batch size that a GPU will meet, or the largest on a CPU, so
 * that the first frame waits for nothing. Rejects with PipelineError `model`.
 *
 * Blocks its thread while it works: meant for an inference process.
 */
export async function createDetector(options: DetectorOptions): Promise<Detector> {
  const { manifest, maxBatch } = options;
  if (!Number.isInteger(maxBatch) || maxBatch < 1) {
    throw new RangeError(`createDetector: expected maxBatch to be a positive integer, got ${maxBatch}`);
  }
  const { input } = manifest;
  const isFixed = input.shape[0] !== 'batch';
  const frameBytes = (input.width * input.height * 3) / 2;
  const largestRunOn = (provider: string) => {
    if (isFixed) return 1;
    return provider === 'cpu' ? Math.min(maxBatch, CPU_RUN_FRAMES) : paddedBatch(maxBatch);
  };
  const session = await createSession({
    ...options,
    weights: await verifyWeights(manifest),
    async warmUp({ provider, run }) {
      const largest = largestRunOn(provider);
      const pictures = createPixelConverter(input, largest)(pattern(largest * frameBytes), largest);
      for (let count = provider === 'cpu' ? largest : 1; count <= largest; count *= 2)
        if (!hasScores(manifest, await run(pictures, count)))
          throw new Error('expected scores, got nothing but NaN');
    },
  });
  const isPadded = session.provider !== 'cpu' && !isFixed;
  const largestRun = largestRunOn(session.provider);
  const frames = new Uint8Array((isPadded ? largestRun : maxBatch) * frameBytes);
  const convert = createPixelConverter(input, largestRun);
  const postprocess = createPostprocess(manifest);
  const applyFault = createFaultHook(manifest.fault, session.provider);
  let isBusy = false;
  let graphMs = 0;

  async function detectBatch(sources: readonly SourcePicture[]): Promise<Detection[][]> {
    if (!(await applyFault(sources.length, (frame) => frames[frame * frameBytes]!)))
      return sources.map(() => []);
    const detections: Detection[][] = [];
    while (detections.length < sources.length) {
      const first = detections.length;
      const run = sources.slice(first, first + largestRun);
      const count = isPadded ? paddedBatch(run.length) : run.length;
      // What a padded batch holds behind its frames is of an earlier run; nobody looks at what comes of it.
      const given = convert(frames.subarray(first * frameBytes), run.length);
      const startedMs = performance.now();
      const outputs = await session.run(given, count);
      graphMs += performance.now() - startedMs;
      for (const [index, source] of run.entries()) detections.push(postprocess(outputs, index, source));
    }
    return detections;
  }

  return {
    manifest,
    provider: session.provider,
    runtime: session.runtime,
    attempts: session.attempts,
    maxBatch,
    frameBytes,
    inputs: frames.subarray(0, maxBatch * frameBytes),
    async detect(sources) {
      if (sources.length > maxBatch) {
        throw new RangeError(`detect: expected at most ${maxBatch} frames, got ${sources.length}`);
      }
      if (sources.length === 0) return [];
      if (isBusy) throw new PipelineError('inference', 'detect: expected one batch at a time, got a second');
      isBusy = true;
      graphMs = 0;
      try {
        return await detectBatch(sources);
      } finally {
        isBusy = false;
      }
    },
    get graphMs() {
      return graphMs;
    },
    dispose: () => session.release(),
  };
}

/** Levels that differ from pixel to pixel: what divides by the spread of a picture's has none to divide by where all are one. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => 16 + ((at * 31) % 211));
}
