import { PipelineError, toError, toPipelineError } from '../../models/domain/errors';
import type { Outcome } from '../../models/domain/observation';
import { toDetectorInfo } from '../../models/efficientvit/manifest';
import { sweepScratch } from '../../models/support/scratch';
import { createCreditScheduler } from '../dispatch/credit-scheduler';
import { createDetectChannel } from '../dispatch/detect-channel';
import { createShmRing } from '../frames/shm-ring';
import { unpackDetections } from '../inference/pack-detections';
import { createBatchMaker } from './batch';
import type { Batch } from './batch';
import { BATCHES_PER_PROCESS } from './inference-process';
import type { BatchReply, Loss } from './inference-process';
import type { LocalDetectPort, LocalDetectPortOptions } from './pool-types';
import { createProcessSlot } from './process-slot';
import { createProviderChoice } from './provider-choice';
import { usableCores } from './usable-cores';

/** More sessions on one GPU than one that computes and one that copies only take its memory. */
const PROCESSES_PER_GPU = 2;

const LOST: Outcome = { kind: 'failed', code: 'worker_lost' };
const STOPPED: Outcome = { kind: 'dropped', reason: 'stopped' };
const REFUSED: Outcome = { kind: 'failed', code: 'inference' };

/**
 * Starts inference processes and resolves when all are ready. A hung or crashed one costs the frames it was working on
 * and is replaced; while none can be kept alive, frames settle at once, as `whenBroken` says. Rejects with a
 * PipelineError when a process cannot start (code `model`: weights, providers) or the ring finds no room (`config`), and with
 * the reason of `signal` when that is aborted meanwhile; leaves nothing behind.
 */
export async function createLocalDetectPort(options: LocalDetectPortOptions): Promise<LocalDetectPort> {
  const { manifest, providers, maxBatch, intraOpThreads = 1, inferenceTimeoutMs, clock, onEvent } = options;
  const { processes = usableCores(), startTimeoutMs = 120_000, signal } = options;
  signal?.throwIfAborted();
  if (!Number.isInteger(processes) || processes < 1) {
    throw new RangeError(`processes: expected at least 1, got ${processes}`);
  }
  if (!Number.isInteger(maxBatch) || maxBatch < 1)
    throw new RangeError(`maxBatch: expected at least 1, got ${maxBatch}`);
  const detector = toDetectorInfo(manifest);
  const frameBytes = (detector.input.width * detector.input.height * 3) / 2;
  const credits = processes * BATCHES_PER_PROCESS * maxBatch;

  sweepScratch();
  const ring = createShmRing({ slots: credits, frameBytes });
  const batches = createBatchMaker({ ring, onRefused: (error) => report(error, 1) });
  const scheduler = createCreditScheduler({ credits });
  /** Batches taken back from lost processes; they go first. Bounded by the credits they hold. */
  const moved: Batch[] = [];
  let isPumping = false;
  let isPumpDue = false;
  let isStarted = false;
  let isClosing = false;
  let closed: Promise<void> | undefined;

  const choice = createProviderChoice(providers);
  const places = Array.from({ length: processes }, (_, index) =>
    createProcessSlot({
      start: {
        kind: 'start',
        manifest,
        maxBatch,
        intraOpThreads,
        ring: { id: ring.id, frameBytes },
      },
      choice,
      startTimeoutMs,
      inferenceTimeoutMs,
      onReady({ provider, attempts }, pid) {
        onEvent?.({ kind: 'process_ready', index, pid, provider, attempts });
        useAllCores(provider);
        pump();
      },
      onReply(batch, reply) {
        finish(batch, reply);
        pump();
      },
      onLost(loss, pid, retryMs) {
        recover(loss, (lostFrames, movedFrames) =>
          onEvent?.({
            kind: 'process_lost',
            index,
            pid,
            error: loss.error,
            lostFrames,
            movedFrames,
            retryMs,
          }),
        );
        pump();
      },
    }),
  );
  let used = places;

  /** A GPU that is given up leaves its few processes to the CPU, which wants one a core. */
  function useAllCores(provider: string): void {
    if (!isStarted || provider !== 'cpu' || used === places) return;
    const more = places.slice(used.length);
    used = places;
    for (const place of more) place.join();
  }

  function report(error: unknown, frames: number): void {
    onEvent?.({ kind: 'frames_refused', frames, error: toPipelineError(error, 'inference') });
  }

  function finish(batch: Batch, reply: BatchReply): void {
    try {
      if (reply.kind === 'refused') throw new PipelineError('inference', reply.message);
      const outcomes = unpackDetections(reply.packed, detector.labels);
      if (outcomes.length !== batch.frames.length) {
        throw new RangeError(`result: expected ${batch.frames.length} frames, got ${outcomes.length}`);
      }
      batches.settle(batch, (index) => outcomes[index]!);
    } catch (error) {
      batches.settle(batch, () => REFUSED);
      report(error, batch.frames.length);
    }
  }

  function recover(
    { running, notBegun }: Loss,
    tell: (lostFrames: number, movedFrames: number) => void,
  ): void {
    moved.push(...notBegun);
    if (running !== undefined) batches.settle(running, () => LOST);
    tell(
      running?.frames.length ?? 0,
      notBegun.reduce((sum, { frames }) => sum + frames.length, 0),
    );
  }

  function takeMoved(): Batch | undefined {
    while (moved.length > 0) {
      const batch = batches.prune(moved.shift()!, clock.nowMs());
      if (batch !== undefined) return batch;
    }
    return undefined;
  }

  function takeNew(idle: number): Batch | undefined {
    while (scheduler.takeable > 0) {
      // Eight frames and two idle processes make two batches of four.
      const max = Math.min(maxBatch, Math.ceil(scheduler.takeable / Math.max(1, idle)));
      const batch = batches.make(scheduler.takeBatch(max, clock.nowMs()));
      if (batch !== undefined) return batch;
    }
    return undefined;
  }

  function pump(): void {
    // Giving a buffer back can bring the next frame here before the batch in hand has left.
    if (isPumping || isClosing) return;
    isPumping = true;
    try {
      if (used.every(({ isBroken }) => isBroken)) giveUp();
      else while (dispatch());
    } finally {
      isPumping = false;
    }
  }

  function giveUp(): void {
    const outcome = options.whenBroken === 'give_back' ? STOPPED : LOST;
    for (const batch of moved.splice(0)) batches.settle(batch, () => outcome);
    scheduler.settleWaiting(outcome);
  }

  /** Sends one batch to the process with the least to do; false when there is no batch or no room. */
  function dispatch(): boolean {
    const free = used.filter(({ room }) => room > 0).sort((a, b) => a.outstanding - b.outstanding);
    const [target] = free;
    if (target === undefined) return false;
    const batch = takeMoved() ?? takeNew(free.filter(({ outstanding }) => outstanding === 0).length);
    if (batch === undefined) return false;
    target.run(batch);
    return true;
  }

  function pumpSoon(): void {
    if (isPumpDue) return;
    isPumpDue = true;
    queueMicrotask(() => {
      isPumpDue = false;
      pump();
    });
  }

  async function close(): Promise<void> {
    isClosing = true;
    scheduler.close();
    await Promise.all(places.map((place) => place.stop()));
    ring.close();
  }

  /** Whether to start one process a core or only a few is known when the first has its provider. */
  async function startAll(): Promise<void> {
    const [first, ...others] = places;
    if (options.processes === undefined && providers[0] !== 'cpu') {
      const { provider } = await first!.start();
      if (isClosing) return;
      if (provider !== 'cpu') used = places.slice(0, PROCESSES_PER_GPU);
      await Promise.all(others.filter((place) => used.includes(place)).map((place) => place.start()));
    } else {
      await Promise.all(places.map((place) => place.start()));
    }
  }

  try {
    await unlessAborted(startAll(), signal);
    isStarted = true;
  } catch (error) {
    await close();
    throw error;
  }

  return {
    detector,
    open: (channel) => createDetectChannel(scheduler, { now: pump, soon: pumpSoon }, channel),
    close: () => (closed ??= close()),
    stats: () => ({
      processes: used.map((place) => place.stats()),
      inFlight: scheduler.inFlight,
      ringBytes: ring.bytes,
    }),
  };
}

/** What `work` comes to, or rejects with the signal's reason as soon as that is aborted. */
function unlessAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(toError(signal.reason));
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
