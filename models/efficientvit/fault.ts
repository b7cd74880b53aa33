import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from './manifest-schema';

/**
 * Called before each batch with the number of its frames and the first byte of each; resolves to false when the batch is to be
 * answered without running the model.
 */
export type FaultHook = (frames: number, firstByteOf?: (frame: number) => number) => Promise<boolean>;

/** Applies the fault a test manifest asks for when a provider is about to load the model. */
export function applyLoadFault(fault: Fault | undefined, provider: string): void {
  if (fault?.kind !== 'load' || fault.provider !== provider) return;
  if (fault.by === 'crash') process.abort();
  if (fault.by === 'hang') hang();
  throw new Error('refused, as the manifest asks for');
}

/** Blocks this thread for ever, using no CPU. */
function hang(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** Applies the fault a test manifest asks for, counted in frames; without one for this provider, does nothing. */
export function createFaultHook(fault: Fault | undefined, provider?: string): FaultHook {
  const isOurs = fault !== undefined && fault.kind !== 'load';
  if (!isOurs || ('provider' in fault && (fault.provider ?? provider) !== provider))
    return () => Promise.resolve(true);
  let seen = 0;
  return async (frames, firstByteOf) => {
    seen += frames;
    if (seen <= fault.afterFrames) return true;
    switch (fault.kind) {
      case 'crash': {
        const { firstByte } = fault;
        const isHit = (frame: number) => firstByte === undefined || firstByteOf?.(frame) === firstByte;
        return Array.from({ length: frames }, (_, frame) => frame).some(isHit) ? process.abort() : true;
      }
      case 'refuse':
        throw new Error('refused, as the manifest asks for');
      case 'hang':
        hang();
        return true;
      case 'delay':
        if (seen > (fault.untilFrames ?? Infinity)) return true;
        await delay(fault.delayMs);
        return fault.runsModel;
    }
  };
}
