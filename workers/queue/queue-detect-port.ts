import type { DetectChannelOptions } from '../../models/domain/detect-port';
import type { SourceMode } from '../../models/domain/frame';
import { createKeys } from '../../models/domain/keys';
import { retryDelayMs } from '../../models/support/redis';
import { createCreditScheduler } from '../dispatch/credit-scheduler';
import type { Ticket } from '../dispatch/credit-scheduler';
import { createDetectChannel } from '../dispatch/detect-channel';
import { hostToken } from '../frames/host-token';
import { connect } from '../wire/connections';
import type { Reply } from '../wire/reply';
import { createProcessId } from '../wire/process-id';
import { createFleet } from './fleet';
import { createFramePlacer } from './frame-placer';
import { createJobSender } from './job-sender';
import { toJob } from './to-job';
import { createOutstanding } from './outstanding';
import type { OutstandingFrame, OutstandingJob } from './outstanding';
import { buryFrame } from './dead-frames';
import type { QueueDetectPort, QueueDetectPortOptions } from './queue-types';
import { createReplyReader } from './reply-reader';

/** How often deadlines and silences are looked at: a deadline is kept to within this. */
const TICK_MS = 25;
const MODES: readonly SourceMode[] = ['live', 'recorded'];
const DEFAULT_BUDGET_BYTES = 64 * 1024 * 1024;
/** Frames that were sent within this make a process one that shares the workers' capacity. */
const ACTIVE_MS = 3000;

/**
 * A DetectPort whose detector is any number of workers behind BullMQ queues. This process owns every frame it sends until it is
 * settled: by an answer, by its own deadline, or by another attempt; neither jobs nor Redis are relied on to keep it.
 *
 * Resolves when Redis answers, however long that takes, unless `signal` is aborted. Rejects with a PipelineError when
 * Redis refuses the credentials, is too old, or would evict keys. Workers may come and go at any time; while there are
 * none, recorded frames wait and live ones are superseded or expire.
 */
export async function createQueueDetectPort(
  options: QueueDetectPortOptions,
  signal?: AbortSignal,
): Promise<QueueDetectPort> {
  const { namespace, detector, clock, frameBudgetBytes = DEFAULT_BUDGET_BYTES, onEvent } = options;
  const { resubmitMs = 10_000, graceMs = 1000, store = 'auto', keepsDeadPixels = false } = options;
  const keys = createKeys(namespace);
  const producer = createProcessId('producer');
  const frameBytes = (detector.input.width * detector.input.height * 3) / 2;
  const frameBudget = Math.max(1, Math.floor(frameBudgetBytes / frameBytes));
  const connections = await connect({ ...options, purpose: 'frames' }, signal);
  const { commands, patient, redisClock } = connections;

  const schedulers = {
    live: createCreditScheduler({ credits: frameBudget }),
    recorded: createCreditScheduler({ credits: frameBudget }),
  };
  const counts = { sentJobs: 0, sentFrames: 0, retries: 0, lateReplies: 0, poisonFrames: 0 };
  let lastJob = 0;
  let lastSentMs = -Infinity;
  let isPumping = false;
  let isPumpDue = false;
  let isClosing = false;
  let closed: Promise<void> | undefined;
  let failures = 0;
  let sendFromMs = 0;
  let nextMode: SourceMode = 'live';

  const sender = createJobSender({
    client: commands,
    keys,
    fingerprint: detector.fingerprint,
    // Connection faults are told of by the connection itself; commands reject to whoever gave them.
    onError: () => undefined,
  });
  const placer = createFramePlacer({
    client: commands,
    keys,
    producer,
    frameBytes,
    budgetBytes: frameBudgetBytes,
    usesRing: store === 'auto',
    clock,
  });
  const outstanding = createOutstanding({
    createJobId: () => `${producer}-${++lastJob}`,
    onDiscard: (pixels) => placer.discard(pixels),
    onAbandoned: ({ mode, id }) => sender.remove(mode, id),
    onPoison(frame) {
      const { cameraId, seq } = frame.ticket.frame.info;
      counts.poisonFrames++;
      onEvent?.({ kind: 'poison', camera: cameraId, seq });
      void buryFrame({ client: commands, keys, detector, keepsPixels: keepsDeadPixels }, frame);
    },
    graceMs,
    resubmitMs,
  });
  const fleet = createFleet({
    client: commands,
    keys,
    producer,
    fingerprint: detector.fingerprint,
    hostToken: hostToken(),
    clock,
    redisNowMs: () => redisClock.nowMs(),
    isActive: () => clock.monotonicMs() - lastSentMs < ACTIVE_MS,
    onChange: () => pump(),
    onEvent(event) {
      onEvent?.(event);
      if (event.kind === 'worker_lost') void takeFrom(event.worker);
    },
    onRefused: (error) => connections.refused(error),
    onAccepted: () => connections.accepted(),
  });
  const replies = createReplyReader({
    client: patient,
    keys,
    producer,
    labels: detector.labels,
    onReply: take,
    onError: (error) => onEvent?.({ kind: 'bad_reply', error }),
  });

  function take({ worker, frames }: Reply): void {
    for (const frame of frames) {
      if (!outstanding.answer(frame, clock.nowMs())) counts.lateReplies++;
      else if (frame.kind === 'unreachable' && placer.giveUpRing())
        onEvent?.({ kind: 'ring_unreachable', worker });
    }
    pump();
  }

  async function send(job: OutstandingJob, frames: readonly OutstandingFrame[]): Promise<void> {
    try {
      await Promise.all(frames.map((frame) => placer.place(frame, fleet.capacity.isLocal)));
      // Only now, and on the same connection: a job must not overtake its pixels.
      if (job.frames.size > 0) {
        await sender.add(
          job.mode,
          job.id,
          toJob(producer, [...job.frames], redisClock.nowMs() - clock.nowMs()),
        );
      }
      failures = 0;
      outstanding.sent(job, clock.monotonicMs());
    } catch (error) {
      connections.refused(error);
      // Perhaps it was added all the same: the next attempt has another number, and the answer to this one is ignored.
      failures++;
      sendFromMs = clock.monotonicMs() + retryDelayMs(failures);
      sender.remove(job.mode, job.id);
      outstanding.failed(job, clock.nowMs());
    }
    pump();
  }

  /** A frame of another size than the model's would be refused by every worker. */
  function refuseMisfits(tickets: readonly Ticket[]): readonly Ticket[] {
    const isMisfit = ({ frame }: Ticket) => frame.lease.pixels.length !== frameBytes;
    for (const ticket of tickets.filter(isMisfit)) ticket.settle({ kind: 'failed', code: 'inference' });
    return tickets.filter((ticket) => !isMisfit(ticket));
  }

  /** The next job's frames: one that is tried again, or what waits, live and recorded in turn. */
  function nextFrames(): readonly OutstandingFrame[] {
    const retry = outstanding.takeRetry();
    if (retry !== undefined) {
      counts.retries++;
      return [retry];
    }
    const { capacity } = fleet;
    for (const mode of [nextMode, ...MODES.filter((other) => other !== nextMode)]) {
      const scheduler = schedulers[mode];
      const room = Math.min(capacity.frames, frameBudget) - outstanding.frames;
      const jobFrames = Math.min(capacity.jobFrames[mode], room);
      while (scheduler.takeable > 0 && room > 0) {
        // Every worker has something to do: a recording goes on being decoded until there is enough for a whole job.
        const canWait = mode === 'recorded' && outstanding.jobs >= capacity.workers;
        if (canWait && scheduler.takeable < jobFrames) break;
        // Eight frames and two idle processes make two batches of four.
        const idle = (mode === 'live' ? capacity.processes : capacity.workers) - outstanding.jobs;
        const max = Math.min(jobFrames, Math.ceil(scheduler.takeable / Math.max(1, idle)));
        const frames = outstanding.add(refuseMisfits(scheduler.takeBatch(max, clock.nowMs())));
        if (frames.length === 0) continue;
        nextMode = mode === 'live' ? 'recorded' : 'live';
        return frames;
      }
    }
    return [];
  }

  function pump(): void {
    // Giving a buffer back can bring the next frame here before the batch in hand has left.
    if (isPumping || isClosing || commands.status !== 'ready' || clock.monotonicMs() < sendFromMs) return;
    isPumping = true;
    try {
      while (outstanding.jobs < fleet.capacity.jobs) {
        const frames = nextFrames();
        if (frames.length === 0) break;
        lastSentMs = clock.monotonicMs();
        counts.sentJobs++;
        counts.sentFrames += frames.length;
        void send(outstanding.open(frames, lastSentMs), frames);
      }
    } finally {
      isPumping = false;
    }
  }

  function pumpSoon(): void {
    if (isPumpDue) return;
    isPumpDue = true;
    queueMicrotask(() => {
      isPumpDue = false;
      pump();
    });
  }

  async function askAfter(job: OutstandingJob): Promise<void> {
    try {
      outstanding.resolveSilent(job, await sender.stateOf(job.mode, job.id), clock.nowMs());
      pump();
    } catch {
      // Redis is away: asked again after the next silence.
    }
  }

  /** What a worker had begun that lives no more need not be waited for. */
  async function takeFrom(worker: string): Promise<void> {
    try {
      for (const job of outstanding.unanswered()) {
        if ((await sender.workerOf(job.mode, job.id)) !== worker) continue;
        outstanding.resolveSilent(job, 'begun', clock.nowMs());
        pump();
      }
    } catch {
      // Redis is away: each job is asked after when it has been silent for long.
    }
  }

  const ticking = setInterval(() => {
    const nowMs = clock.nowMs();
    for (const mode of MODES) schedulers[mode].expireWaiting(nowMs);
    outstanding.expire(nowMs);
    for (const job of outstanding.silent(clock.monotonicMs())) void askAfter(job);
    pump();
  }, TICK_MS);
  const onReady = () => pump();
  commands.on('ready', onReady);
  await fleet.refresh();

  async function close(): Promise<void> {
    isClosing = true;
    clearInterval(ticking);
    commands.off('ready', onReady);
    for (const mode of MODES) schedulers[mode].close();
    outstanding.close();
    await replies.close();
    await fleet.close();
    await commands.unlink(keys.replies(producer)).catch(() => undefined);
    await sender.close();
    placer.close();
    connections.close();
  }

  return {
    detector,
    open: (channel: DetectChannelOptions) =>
      createDetectChannel(schedulers[channel.mode], { now: pump, soon: pumpSoon }, channel),
    isServed: () => fleet.capacity.workers > 0,
    close: () => (closed ??= close()),
    stats: () => ({
      ...counts,
      ...placer.stats(),
      capacity: fleet.capacity,
      inFlight: outstanding.frames,
      jobs: outstanding.jobs,
    }),
  };
}
