import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from './manifest-schema';

/** Called before each batch; resolves to false when the batch is to be answered without running the model. */
export type FaultHook = (frames: number) => Promise<boolean>;

/** Applies the fault a test manifest asks for, counted in frames; without one, does nothing. */
export function createFaultHook(fault: Fault | undefined): FaultHook {
  if (fault === undefined) return () => Promise.resolve(true);
  let seen = 0;
  return async (frames) => {
    seen += frames;
    if (seen <= fault.afterFrames) return true;
    switch (fault.kind) {
      case 'crash':
        return process.abort();
      case 'hang':
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
        return true;
      case 'delay':
        await delay(fault.delayMs);
        return fault.runsModel;
    }
  };
}
