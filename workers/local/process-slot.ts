import { toPipelineError } from '../../models/domain/errors';
import type { PipelineError } from '../../models/domain/errors';
import type { ReadyReply, Timings } from '../inference/protocol';
import type { Batch } from './batch';
import { BATCHES_PER_PROCESS, createInferenceProcess } from './inference-process';
import type { InferenceProcess, InferenceProcessOptions, Loss } from './inference-process';

/** Losses without one good batch in between after which a place counts as broken. */
export const LOSSES_UNTIL_BROKEN = 5;

/** Growing wait before a lost process is replaced; long once the place is broken, but never given up. */
export function respawnDelayMs(losses: number): number {
  if (losses < LOSSES_UNTIL_BROKEN) return 100 * 2 ** (losses - 1);
  return Math.min(60_000, 5000 * 2 ** (losses - LOSSES_UNTIL_BROKEN));
}

/** What one place of the pool has done since its start, over all processes it had. */
export interface ProcessStats {
  readonly pid: number | undefined;
  readonly isReady: boolean;
  /** Execution provider in use; undefined before the first start. */
  readonly provider: string | undefined;
  readonly batches: number;
  readonly frames: number;
  /** Wall and CPU time inside the detector. */
  readonly busyMs: number;
  readonly detectorCpuMs: number;
  /** CPU time of the processes; what they took to load and warm up is told apart. */
  readonly cpuMs: number;
  readonly startCpuMs: number;
  readonly restarts: number;
}

export interface ProcessSlotOptions extends Pick<
  InferenceProcessOptions,
  'start' | 'startTimeoutMs' | 'inferenceTimeoutMs' | 'onReply'
> {
  /** A process is ready for batches: the first, or one that replaces a lost one. */
  readonly onReady: (ready: ReadyReply, pid: number | undefined) => void;
  /** A process was lost; another follows after `retryMs`. */
  readonly onLost: (loss: Loss, pid: number | undefined, retryMs: number) => void;
}

/** A place for one inference process, which is replaced when it is lost. */
export interface ProcessSlot {
  /** Resolves when the first process is ready; rejects, and nothing is tried again, when it cannot start. */
  start(): Promise<ReadyReply>;
  /** Batches it would take now. */
  readonly room: number;
  readonly outstanding: number;
  /** True when processes are lost again and again, and none is ready. */
  readonly isBroken: boolean;
  run(batch: Batch): void;
  stats(): ProcessStats;
  /** Ends the process and replaces it no more; resolves when it is gone. */
  stop(): Promise<void>;
}

/** A place without a process yet. */
export function createProcessSlot(options: ProcessSlotOptions): ProcessSlot {
  let current: InferenceProcess | undefined;
  let losses = 0;
  let retry: NodeJS.Timeout | undefined;
  let isStopped = false;
  let provider: string | undefined;
  const sums = { batches: 0, frames: 0, busyMs: 0, detectorCpuMs: 0, cpuMs: 0, startCpuMs: 0, restarts: 0 };

  function account({ runMs, runCpuMs, cpuMs }: Timings): void {
    sums.busyMs += runMs;
    sums.detectorCpuMs += runCpuMs;
    sums.cpuMs += cpuMs;
  }

  function launch(onReady: (ready: ReadyReply) => void, onLost: (loss: Loss) => void): void {
    try {
      current = createInferenceProcess({
        ...options,
        onReady(ready) {
          provider = ready.provider;
          sums.startCpuMs += ready.startCpuMs;
          onReady(ready);
        },
        onReply(batch, reply) {
          account(reply.timings);
          sums.batches++;
          sums.frames += batch.frames.length;
          if (reply.kind === 'result') losses = 0;
          options.onReply(batch, reply);
        },
        onLost,
      });
    } catch (error) {
      onLost({ error: toPipelineError(error, 'worker_lost'), running: undefined, notBegun: [] });
    }
  }

  function replace(loss: Loss): void {
    const pid = current?.pid;
    current = undefined;
    losses++;
    const retryMs = respawnDelayMs(losses);
    retry = setTimeout(() => {
      sums.restarts++;
      launch((ready) => options.onReady(ready, current?.pid), replace);
    }, retryMs);
    options.onLost(loss, pid, retryMs);
  }

  return {
    start() {
      return new Promise((resolve, reject: (error: PipelineError) => void) => {
        let isStarted = false;
        launch(
          (ready) => {
            isStarted = true;
            options.onReady(ready, current?.pid);
            resolve(ready);
          },
          (loss) => {
            if (isStarted) {
              replace(loss);
            } else {
              current = undefined;
              reject(loss.error);
            }
          },
        );
      });
    },
    get room() {
      return current?.isReady === true ? BATCHES_PER_PROCESS - current.outstanding : 0;
    },
    get outstanding() {
      return current?.outstanding ?? 0;
    },
    get isBroken() {
      return losses >= LOSSES_UNTIL_BROKEN && current?.isReady !== true;
    },
    run: (batch) => current?.run(batch),
    stats: () => ({ pid: current?.pid, isReady: current?.isReady === true, provider, ...sums }),
    async stop() {
      if (isStopped) return;
      isStopped = true;
      clearTimeout(retry);
      await current?.stop();
    },
  };
}
