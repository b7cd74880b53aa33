import { PipelineError, toPipelineError } from '../../models/domain/errors';
import type { ReadyReply, Timings } from '../inference/protocol';
import type { Batch } from './batch';
import { BATCHES_PER_PROCESS, createInferenceProcess } from './inference-process';
import type { InferenceProcess, InferenceProcessOptions, Loss } from './inference-process';
import type { ProviderChoice } from './provider-choice';

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
  'startTimeoutMs' | 'inferenceTimeoutMs' | 'onReply'
> {
  readonly start: Omit<InferenceProcessOptions['start'], 'providers'>;
  /** Shared by the places of a pool. */
  readonly choice: ProviderChoice;
  /** A process is ready for batches: the first, or one that replaces a lost one. */
  readonly onReady: (ready: ReadyReply, pid: number | undefined) => void;
  /** A process was lost; another follows after `retryMs`. */
  readonly onLost: (loss: Loss, pid: number | undefined, retryMs: number) => void;
}

/** A place for one inference process, which is replaced when it is lost. */
export interface ProcessSlot {
  /** Resolves when the first process is ready; rejects, and nothing is tried again, when it cannot start. */
  start(): Promise<ReadyReply>;
  /** As `start`, but one that cannot start is replaced as a lost one is. Not on a place that was started. */
  join(): void;
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

/** Why nothing could start: also what was tried before the last. */
function withGivenUp(error: PipelineError, { givenUp }: ProviderChoice): PipelineError {
  if (givenUp.length === 0) return error;
  const before = givenUp.map((one) => `${one.provider} (${one.error})`).join(', ');
  return new PipelineError(error.code, `${error.detail}; before it ${before}`, { cause: error });
}

/** A place without a process yet. */
export function createProcessSlot(options: ProcessSlotOptions): ProcessSlot {
  const { choice } = options;
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
        start: { ...options.start, providers: [...choice.providers] },
        onReady(ready) {
          provider = ready.provider;
          sums.startCpuMs += ready.startCpuMs;
          onReady({ ...ready, attempts: [...choice.givenUp.map((one) => ({ ...one })), ...ready.attempts] });
        },
        onReply(batch, reply) {
          account(reply.timings);
          sums.batches++;
          sums.frames += batch.frames.length;
          if (reply.kind === 'result') {
            losses = 0;
            choice.worked(provider);
          }
          options.onReply(batch, reply);
        },
        onLost,
      });
    } catch (error) {
      const none = { provider: undefined, isStarting: true, running: undefined, notBegun: [] };
      onLost({ error: toPipelineError(error, 'worker_lost'), ...none });
    }
  }

  function replace(loss: Loss): void {
    const pid = current?.pid;
    current = undefined;
    // What was lost by another provider says nothing about the next.
    losses = choice.lost(loss) ? 1 : losses + 1;
    const retryMs = respawnDelayMs(losses);
    retry = setTimeout(() => {
      sums.restarts++;
      join();
    }, retryMs);
    options.onLost(loss, pid, retryMs);
  }

  function join(): void {
    if (isStopped) return;
    launch((ready) => options.onReady(ready, current?.pid), replace);
  }

  return {
    start() {
      return new Promise((resolve, reject: (error: PipelineError) => void) => {
        let isStarted = false;
        const first = () =>
          launch(
            (ready) => {
              isStarted = true;
              options.onReady(ready, current?.pid);
              resolve(ready);
            },
            (loss) => {
              if (isStarted) {
                replace(loss);
                return;
              }
              current = undefined;
              if (!isStopped && choice.lost(loss)) first();
              else reject(withGivenUp(loss.error, choice));
            },
          );
        first();
      });
    },
    join,
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
