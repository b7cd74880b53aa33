import type { CameraSpec } from '../camera-spec';
import type { CameraResult, CameraRun, Pipeline } from '../pipeline';

/** A camera that was started, and how it ended. */
export interface FinishedCamera {
  readonly run: CameraRun;
  readonly result: CameraResult;
}

export interface RunCamerasOptions {
  readonly pipeline: Pipeline;
  /** Recordings that are read at once: more would share the same cores, and each holds a process, files and buffers. */
  readonly maxRecordings: number;
  readonly onStart: (run: CameraRun) => void;
  /** True when no further camera is to be started. */
  readonly isStopping: () => boolean;
}

/**
 * Starts every camera and waits for all of them: what is paced by its own clock (cameras, files read in real time) at once,
 * recordings a few at a time. Resolves with those that were started, in the order given.
 */
export async function runCameras(
  specs: readonly CameraSpec[],
  { pipeline, maxRecordings, onStart, isStopping }: RunCamerasOptions,
): Promise<readonly FinishedCamera[]> {
  const finished = new Map<CameraSpec, FinishedCamera>();

  async function runOne(spec: CameraSpec): Promise<void> {
    if (isStopping()) return;
    const run = pipeline.start(spec);
    onStart(run);
    finished.set(spec, { run, result: await run.done });
  }

  const isPaced = ({ mode, isRealTime }: CameraSpec) => mode === 'live' || isRealTime;
  const queue = specs.filter((spec) => !isPaced(spec));
  async function runQueue(): Promise<void> {
    for (let spec = queue.shift(); spec !== undefined; spec = queue.shift()) await runOne(spec);
  }

  await Promise.all([
    ...specs.filter(isPaced).map(runOne),
    ...Array.from({ length: Math.min(maxRecordings, queue.length) }, runQueue),
  ]);
  return specs.flatMap((spec) => finished.get(spec) ?? []);
}
