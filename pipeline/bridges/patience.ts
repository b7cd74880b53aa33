export interface PatienceOptions {
  /** Events in flight from which on room is short for others. */
  readonly crowdedFrom: number;
  /** A camera fails for so long before its events make room. */
  readonly patienceMs: number;
}

/** Tells when the events of a camera that fails hold up cameras that do not. */
export interface Patience {
  /** An event of the camera is in flight; returns what ends that. */
  enter(camera: string): () => void;
  taken(camera: string): void;
  /** True when the event that failed is to make room for those of others, which the receiver takes. */
  failed(camera: string): boolean;
}

/** Others were taken so lately that it is not the receiver as a whole that fails. */
const LATELY_MS = 300_000;

/**
 * What is in flight is limited and comes in the log's order: one camera whose events are never taken would fill it all, and
 * nothing of the others would come. Holds no more than the cameras in flight.
 */
export function createPatience({ crowdedFrom, patienceMs }: PatienceOptions): Patience {
  const cameras = new Map<string, { inFlight: number; failsSinceMs: number | undefined }>();
  let inFlight = 0;
  let takenAtMs = -Infinity;

  return {
    enter(camera) {
      const state = cameras.get(camera) ?? { inFlight: 0, failsSinceMs: undefined };
      cameras.set(camera, state);
      state.inFlight++;
      inFlight++;
      return () => {
        inFlight--;
        if (--state.inFlight === 0) cameras.delete(camera);
      };
    },
    taken(camera) {
      takenAtMs = performance.now();
      const state = cameras.get(camera);
      if (state !== undefined) state.failsSinceMs = undefined;
    },
    failed(camera) {
      const state = cameras.get(camera);
      const nowMs = performance.now();
      if (state === undefined) return false;
      state.failsSinceMs ??= nowMs;
      const areOthersTaken = takenAtMs > state.failsSinceMs && nowMs - takenAtMs < LATELY_MS;
      return areOthersTaken && inFlight >= crowdedFrom && nowMs - state.failsSinceMs >= patienceMs;
    },
  };
}
