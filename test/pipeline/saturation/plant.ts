import { cameraId } from '../../../models/domain/frame';
import type { CameraId } from '../../../models/domain/frame';
import { createSaturationController } from '../../../pipeline/saturation/controller';
import type { SaturationControllerOptions, SaturationStep } from '../../../pipeline/saturation/controller';
import { fpsOf } from '../../../pipeline/saturation/ladder';
import type { FrameCounts } from '../../../pipeline/saturation/load-window';

export const OPTIONS: SaturationControllerOptions = {
  windowMs: 10_000,
  leftOutShare: 0.2,
  lowerAfterMs: 15_000,
  raiseAfterMs: 60_000,
  minFps: 1,
  mayPause: true,
};

export interface PlantCamera {
  readonly id: string;
  readonly priority?: number;
  /** What it sends a second, and at most is looked at. Default 10. */
  readonly fps?: number;
  readonly maxFps?: number;
}

/** A step, and when it was taken. */
export type TimedStep = SaturationStep & { readonly atMs: number };

const TICK_MS = 1000;

/** Cameras in front of a detector that looks at so many frames a second, fairly; time passes a second at a time. */
export function createPlant(
  given: readonly PlantCamera[],
  options: Partial<SaturationControllerOptions> = {},
) {
  const settings = { ...OPTIONS, ...options };
  const controller = createSaturationController(settings);
  const cameras = new Map<CameraId, { readonly sentFps: number; counts: FrameCounts }>();
  const steps: TimedStep[] = [];
  let nowMs = 0;

  function join({ id, priority = 5, fps = 10, maxFps = fps }: PlantCamera): void {
    const counts = { received: 0, wanted: 0, leftOut: 0, detected: 0 };
    cameras.set(cameraId(id), { sentFps: fps, counts });
    controller.join({ id: cameraId(id), priority, fullFps: maxFps });
  }

  function leave(id: string): void {
    cameras.delete(cameraId(id));
    controller.leave(cameraId(id));
  }

  /** A second passes; `troubled` names a camera of which half is left out whatever the time there is. */
  function tick(capacityFps: number, troubled?: string): void {
    nowMs += TICK_MS;
    const wanting = [...cameras].map(([id, camera]) => {
      const throttled = controller.cameras.find((other) => other.id === id)!;
      const sent = throttled.isPaused ? 0 : camera.sentFps;
      return { id, camera, sent, wanted: Math.min(sent, fpsOf(throttled, settings.minFps)) };
    });
    const fair = fairShare(
      wanting.map(({ wanted }) => wanted),
      capacityFps,
    );
    for (const { id, camera, sent, wanted } of wanting) {
      const { received, wanted: before, leftOut, detected } = camera.counts;
      const seen = id === troubled ? wanted / 2 : Math.min(wanted, fair);
      camera.counts = {
        received: received + sent,
        wanted: before + wanted,
        leftOut: leftOut + wanted - seen,
        detected: detected + seen,
      };
    }
    observe();
  }

  function observe(): void {
    const step = controller.observe(nowMs, new Map([...cameras].map(([id, { counts }]) => [id, counts])));
    if (step !== undefined) steps.push({ ...step, atMs: nowMs });
  }

  for (const camera of given) join(camera);
  return {
    controller,
    steps,
    join,
    leave,
    tick,
    run(seconds: number, capacityFps: number, troubled?: string) {
      for (let second = 0; second < seconds; second++) tick(capacityFps, troubled);
    },
    /** Time passes, and nobody looks. */
    sleep: (ms: number) => (nowMs += ms),
    rates: () => controller.cameras.map((camera) => fpsOf(camera, settings.minFps)).join(' '),
    brief: () =>
      steps.map(
        ({ atMs, direction, changes }) =>
          `${atMs / 1000} ${direction} ${changes.map(({ id, toFps }) => `${id}:${toFps}`).join(' ')}`,
      ),
  };
}

/** What each may have at most, so that all of it is given out and nobody wants what another does not take. */
function fairShare(wanted: readonly number[], capacity: number): number {
  let left = capacity;
  const ascending = [...wanted].sort((a, b) => a - b);
  for (const [index, want] of ascending.entries()) {
    const each = left / (ascending.length - index);
    if (want > each) return each;
    left -= want;
  }
  return Infinity;
}
