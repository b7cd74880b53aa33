import { systemClock } from '../models/domain/clock';
import { atMostEvery } from '../models/support/at-most-every';
import type { WorkerEvent } from '../workers/serve/serve-types';
import type { Telemetry } from './telemetry';

const REPEAT_MS = 1000;

/** Tells people what happens in a worker. */
export function reportWorker(telemetry: Telemetry): (event: WorkerEvent) => void {
  let told: string | undefined;
  // Whoever writes to Redis may write much; each is counted.
  const tellRefusal = atMostEvery(REPEAT_MS, systemClock, (text: string) => telemetry.warning(text));
  return (event) => {
    switch (event.kind) {
      case 'process_ready':
        // All processes run the same provider; one line is enough, and another when it is another one.
        if (told !== event.provider) telemetry.providerChosen(event.provider, event.attempts);
        told = event.provider;
        break;
      case 'process_lost':
        telemetry.workerReplaced(
          `${event.error.message}; ${event.lostFrames} frames go back to their sender`,
        );
        break;
      case 'frames_refused':
        telemetry.warning(`${event.frames} frames: ${event.error.message}`);
        break;
      case 'redis_away':
        telemetry.warning(`${event.error.detail}; trying again until it answers`);
        break;
      case 'redis_back':
        telemetry.warning('Redis is back: going on');
        break;
      case 'job_refused':
        tellRefusal(`${event.mode} job ${event.jobId.slice(0, 80)}: ${event.error.message}`);
        break;
      case 'reply_lost':
        telemetry.warning(`${event.frames} answers to ${event.producer}: ${event.error.message}`);
        break;
      case 'queue_error':
        telemetry.warning(`queue: ${event.error.message}`);
    }
  };
}
