import { retryDelayMs } from '../../models/support/redis';
import { pause } from '../client/shard';
import { createRotatingFile } from './rotating-file';
import type { RotatingFileOptions } from './rotating-file';
import { ClosedError, DELIVERED } from './target';
import type { BridgeTarget, Outcome, TargetNotices } from './target';

export interface JsonlOptions extends RotatingFileOptions, TargetNotices {}

interface Waiting {
  readonly line: string;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
}

const MAX_IN_FLIGHT = 500;

/** Appends events as lines to a file that is put aside when it is full; an event is delivered once its line is on the disk. */
export function createJsonl({ onTrouble, onRecovered, ...fileOptions }: JsonlOptions): BridgeTarget {
  const { path: name } = fileOptions;
  const file = createRotatingFile(fileOptions);
  const closing = new AbortController();
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;
  let trouble: string | undefined;

  async function write(batch: readonly Waiting[]): Promise<void> {
    let from = 0;
    for (let attempt = 1; from < batch.length; attempt++) {
      try {
        const written = await file.append(batch.slice(from).map(({ line }) => line));
        for (const { resolve } of batch.slice(from, from + written)) resolve(DELIVERED);
        from += written;
        attempt = 0;
        if (trouble !== undefined) onRecovered();
        trouble = undefined;
      } catch (error) {
        const detail = `${name}: expected to append, got ${describe(error)}`;
        if (detail !== trouble) onTrouble(`${detail}; trying again`);
        trouble = detail;
        await pause(retryDelayMs(attempt), closing.signal);
        if (closing.signal.aborted) {
          for (const { reject } of batch.slice(from)) reject(new ClosedError(name));
          return;
        }
      }
    }
  }

  async function run(): Promise<void> {
    // What comes in the same turn is written together.
    await new Promise(setImmediate);
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await write(batch);
    }
    running = undefined;
  }

  return {
    name,
    maxInFlight: MAX_IN_FLIGHT,
    deliver: (delivery) =>
      new Promise((resolve, reject) => {
        if (closing.signal.aborted) {
          reject(new ClosedError(name));
          return;
        }
        waiting.push({ line: JSON.stringify(delivery.event), resolve, reject });
        running ??= run();
      }),
    async close() {
      closing.abort();
      while (running !== undefined) await running;
      await file.close();
    },
  };
}

const describe = (error: unknown) =>
  (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error));
