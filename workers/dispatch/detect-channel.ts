import type { DetectChannel, DetectChannelOptions } from '../../models/domain/detect-port';
import type { CreditScheduler } from './credit-scheduler';

/** When the owner of a scheduler is asked to take batches. */
export interface Pump {
  /** Take what can be taken, now. */
  readonly now: () => void;
  /** The same once the current turn is over, so that frames arriving together share a batch. */
  readonly soon: () => void;
}

/** A camera's promise-shaped way into a scheduler; the same for every port. */
export function createDetectChannel(
  scheduler: CreditScheduler,
  pump: Pump,
  options: DetectChannelOptions,
): DetectChannel {
  const channel = scheduler.open(options);
  return {
    detect(frame) {
      // The frame waiting may only wait for the end of this turn: a burst must not cost it while there is room.
      if (channel.wouldSupersede) pump.now();
      return new Promise((resolve) => {
        channel.offer(frame, resolve);
        pump.soon();
      });
    },
    close: () => new Promise((resolve) => channel.close(resolve)),
  };
}
