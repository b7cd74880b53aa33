import { toPipelineError } from '../../models/domain/errors';
import type { EventSink } from '../../models/domain/event-sink';
import type { CameraSpec } from '../camera-spec';
import type { CameraResult, CameraRun, Pipeline } from '../pipeline';
import type { Telemetry } from '../telemetry';

export interface LeasedCamerasOptions {
  readonly specs: readonly CameraSpec[];
  readonly pipeline: Pick<Pipeline, 'start' | 'stop'>;
  readonly sinks: readonly Pick<EventSink, 'flush'>[];
  readonly telemetry: Pick<Telemetry, 'cameraFailed' | 'cameraMoved'>;
  /** True when nothing is to be started any more. */
  readonly isStopping: () => boolean;
}

/** The cameras of a configuration, of which those run here whose lease this process holds. */
export interface LeasedCameras {
  /** The lease was acquired: runs the camera, once an earlier run of it has ended. */
  start(camera: string, fence: number): void;
  /** The lease may be another's by now: ends the camera and lets nothing of it out any more. */
  lose(camera: string): void;
  /** The lease is to be given back: resolves when the camera has ended and its events are written. */
  stop(camera: string): Promise<void>;
  /** The fence under which the camera's present run began. */
  fenceOf(camera: string): number | undefined;
  /** True between a loss and the end of the run that it ended. */
  isSilenced(camera: string): boolean;
  /** How the last run of each camera ended. */
  finished(): readonly { readonly run: CameraRun; readonly result: CameraResult }[];
}

interface Camera {
  readonly spec: CameraSpec;
  fence: number | undefined;
  isSilenced: boolean;
  /** Starts and stops of one camera, one after the other. */
  turn: Promise<void>;
  last: { readonly run: CameraRun; readonly result: CameraResult } | undefined;
}

/** Starts and stops cameras as leases come and go, each camera's runs in order and never two at once. */
export function createLeasedCameras(options: LeasedCamerasOptions): LeasedCameras {
  const { specs, pipeline, sinks, telemetry, isStopping } = options;
  const cameras = new Map<string, Camera>(
    specs.map((spec) => [
      spec.id,
      { spec, fence: undefined, isSilenced: false, turn: Promise.resolve(), last: undefined },
    ]),
  );

  function take(camera: Camera, action: () => Promise<void> | void): Promise<void> {
    camera.turn = camera.turn.then(action).catch((error: unknown) => {
      telemetry.cameraFailed(camera.spec.id, toPipelineError(error), undefined);
    });
    return camera.turn;
  }

  function begin(camera: Camera, fence: number): void {
    if (isStopping()) return;
    camera.fence = fence;
    camera.isSilenced = false;
    const run = pipeline.start(camera.spec);
    void run.done.then((result) => (camera.last = { run, result }));
  }

  async function end(camera: Camera): Promise<void> {
    await pipeline.stop(camera.spec.id);
    camera.fence = undefined;
  }

  return {
    start(name, fence) {
      const camera = cameras.get(name);
      if (camera === undefined) return;
      telemetry.cameraMoved(camera.spec.id, 'here');
      void take(camera, () => begin(camera, fence));
    },
    lose(name) {
      const camera = cameras.get(name);
      if (camera === undefined) return;
      camera.isSilenced = true;
      telemetry.cameraMoved(camera.spec.id, 'lost');
      void take(camera, () => end(camera));
    },
    async stop(name) {
      const camera = cameras.get(name);
      if (camera === undefined) return;
      telemetry.cameraMoved(camera.spec.id, 'away');
      await take(camera, async () => {
        await end(camera);
        await Promise.all(sinks.map((sink) => sink.flush()));
      });
    },
    fenceOf: (name) => cameras.get(name)?.fence,
    isSilenced: (name) => cameras.get(name)?.isSilenced ?? false,
    finished: () => [...cameras.values()].flatMap(({ last }) => last ?? []),
  };
}
