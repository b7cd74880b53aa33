import type { SourceMode } from '../../models/domain/frame';
import type { Outcome } from '../../models/domain/observation';
import type { Ticket } from '../dispatch/credit-scheduler';
import type { PixelReference } from '../wire/job';
import type { FrameReply } from '../wire/reply';
import { verdictOf } from './verdict';

/** A frame that was taken from its waiting slot and is not settled. */
export interface OutstandingFrame {
  readonly ticket: Ticket;
  /** Counts from 1; of the replies to an earlier attempt only what was detected counts. */
  readonly attempt: number;
  /** Where its pixels are, of this attempt. */
  pixels: PixelReference | undefined;
  /** Inference processes that it ended while alone. */
  readonly losses: number;
  /** Workers that had it alone and were heard of no more. */
  readonly silences: number;
  readonly isSettled: boolean;
}

/** Frames that travel together. */
export interface OutstandingJob {
  readonly id: string;
  readonly mode: SourceMode;
  readonly frames: ReadonlySet<OutstandingFrame>;
}

export interface OutstandingOptions {
  readonly createJobId: () => string;
  /** The pixels of an attempt are not needed any more. */
  readonly onDiscard: (pixels: PixelReference) => void;
  /** Nobody waits for this job any more, and no worker has answered it. */
  readonly onAbandoned: (job: OutstandingJob) => void;
  /** The frame ends inference processes; it settles as `failed{poison}`. */
  readonly onPoison: (frame: OutstandingFrame) => void;
  /** How long a live frame's answer may take after its deadline: a worker that began in time answers later. */
  readonly graceMs: number;
  /** A recorded frame of which nothing was heard for so long is asked after. */
  readonly resubmitMs: number;
}

/** What a job that was silent for long turned out to be: still to come or at work, begun by a worker that left it, or unknown. */
export type SilentState = 'waiting' | 'begun' | 'gone';

interface Frame extends OutstandingFrame {
  readonly key: string;
  attempt: number;
  losses: number;
  silences: number;
  isSettled: boolean;
  job: Job | undefined;
}

interface Job extends OutstandingJob {
  readonly frames: Set<Frame>;
  state: 'sending' | 'sent' | 'answered';
  /** When it was sent, or last found waiting; monotonic. */
  heardMs: number;
}

/**
 * Every frame this process has sent out and not yet settled: who owns a frame decides what becomes of it, whatever happens
 * to jobs, workers and Redis. Synchronous and without I/O; settles each frame exactly once.
 */
export interface Outstanding {
  readonly frames: number;
  readonly jobs: number;
  /** True when a frame waits for its next attempt. */
  readonly hasRetry: boolean;
  /** New frames, all of one mode. */
  add(tickets: readonly Ticket[]): OutstandingFrame[];
  /** The next frame that is to be tried again, alone. */
  takeRetry(): OutstandingFrame | undefined;
  open(frames: readonly OutstandingFrame[], monotonicMs: number): OutstandingJob;
  /** The job was handed to Redis; times of jobs are monotonic. */
  sent(job: OutstandingJob, monotonicMs: number): void;
  /** The job could not be handed to Redis, or perhaps was: its frames are tried again. */
  failed(job: OutstandingJob, nowMs: number): void;
  /** False for a reply that comes late, twice, or to nobody's frame. */
  answer(reply: FrameReply, nowMs: number): boolean;
  /** Settles live frames whose answer is overdue, by wall time. */
  expire(nowMs: number): void;
  /** Jobs of recorded frames of which nothing was heard for `resubmitMs` (monotonic); each is told of once in that time. */
  silent(monotonicMs: number): OutstandingJob[];
  /** Jobs of recorded frames that Redis has and nobody has answered. */
  unanswered(): OutstandingJob[];
  resolveSilent(job: OutstandingJob, state: SilentState, nowMs: number): void;
  /** Settles everything as `dropped{stopped}`. */
  close(): void;
}

const STOPPED: Outcome = { kind: 'dropped', reason: 'stopped' };

/** An empty table. */
export function createOutstanding(options: OutstandingOptions): Outstanding {
  const { createJobId, onDiscard, onAbandoned, onPoison, graceMs, resubmitMs } = options;
  const frames = new Map<string, Frame>();
  const jobs = new Set<Job>();
  const retries = new Set<Frame>();

  function discard(frame: Frame): void {
    if (frame.pixels !== undefined) onDiscard(frame.pixels);
    frame.pixels = undefined;
  }

  function leaveJob(frame: Frame): void {
    const { job } = frame;
    frame.job = undefined;
    if (job === undefined) return;
    job.frames.delete(frame);
    if (job.frames.size > 0) return;
    // A job that is still on its way counts until Redis has it: only then can it be taken back.
    if (job.state === 'sending') return;
    jobs.delete(job);
    if (job.state === 'sent') onAbandoned(job);
  }

  function settle(frame: Frame, outcome: Outcome): void {
    frame.isSettled = true;
    frames.delete(frame.key);
    retries.delete(frame);
    leaveJob(frame);
    discard(frame);
    frame.ticket.settle(outcome);
  }

  function again(frame: Frame, nowMs: number): void {
    leaveJob(frame);
    discard(frame);
    if (frame.ticket.isExpired(nowMs)) {
      settle(frame, { kind: 'expired' });
      return;
    }
    frame.attempt++;
    retries.add(frame);
  }

  function settlePoison(frame: Frame): void {
    onPoison(frame);
    settle(frame, { kind: 'failed', code: 'poison' });
  }

  function judge(
    frame: Frame,
    kind: Parameters<typeof verdictOf>[0],
    nowMs: number,
    reply?: FrameReply,
  ): void {
    const verdict = verdictOf(kind, frame, reply?.detections ?? []);
    if (kind === 'lost' && frame.attempt > 1) frame.losses++;
    if (kind === 'silent' && frame.attempt > 1) frame.silences++;
    if (verdict === 'again') again(frame, nowMs);
    else if (verdict === 'poison') settlePoison(frame);
    else settle(frame, verdict);
  }

  return {
    get frames() {
      return frames.size;
    },
    get jobs() {
      return jobs.size;
    },
    get hasRetry() {
      return retries.size > 0;
    },

    add: (tickets) =>
      tickets.flatMap((ticket) => {
        const key = keyOf(ticket.frame.info.cameraId, ticket.frame.info.segment.epoch, ticket.frame.info.seq);
        if (frames.has(key)) {
          // Answers could not be told apart.
          ticket.settle({ kind: 'failed', code: 'inference' });
          return [];
        }
        const frame: Frame = {
          ...{ key, ticket, attempt: 1, losses: 0, silences: 0, isSettled: false },
          ...{ pixels: undefined, job: undefined },
        };
        frames.set(key, frame);
        return [frame];
      }),

    takeRetry() {
      for (const frame of retries) {
        retries.delete(frame);
        return frame;
      }
      return undefined;
    },

    open(given, monotonicMs) {
      const own = given as readonly Frame[];
      const job: Job = {
        id: createJobId(),
        mode: own[0]!.ticket.frame.info.mode,
        frames: new Set(own),
        state: 'sending',
        heardMs: monotonicMs,
      };
      for (const frame of own) frame.job = job;
      jobs.add(job);
      return job;
    },

    sent(given, monotonicMs) {
      const job = given as Job;
      const isAnswered = job.state === 'answered';
      if (!isAnswered) job.state = 'sent';
      job.heardMs = monotonicMs;
      if (job.frames.size > 0) return;
      jobs.delete(job);
      if (!isAnswered) onAbandoned(job);
    },

    failed(given, nowMs) {
      const job = given as Job;
      job.state = 'answered';
      jobs.delete(job);
      for (const frame of [...job.frames]) again(frame, nowMs);
    },

    answer(reply, nowMs) {
      const frame = frames.get(keyOf(reply.camera, reply.epoch, reply.seq));
      if (frame === undefined) return false;
      if (reply.attempt < frame.attempt && reply.kind === 'detected') {
        // Of the same pixels: nobody need look again.
        judge(frame, reply.kind, nowMs, reply);
        return true;
      }
      if (frame.job === undefined || frame.attempt !== reply.attempt) return false;
      // An answer can overtake the confirmation that Redis has the job.
      frame.job.state = 'answered';
      judge(frame, reply.kind, nowMs, reply);
      return true;
    },

    expire(nowMs) {
      for (const frame of frames.values()) {
        const { deadlineMs } = frame.ticket;
        if (deadlineMs === undefined) continue;
        const isOverdue = nowMs > deadlineMs + (frame.job === undefined ? 0 : graceMs);
        if (isOverdue) settle(frame, { kind: 'expired' });
      }
    },

    silent(monotonicMs) {
      const found: Job[] = [];
      for (const job of jobs) {
        if (job.mode === 'live' || job.state === 'sending' || monotonicMs - job.heardMs < resubmitMs)
          continue;
        job.heardMs = monotonicMs;
        found.push(job);
      }
      return found;
    },

    unanswered: () => [...jobs].filter(({ mode, state }) => mode === 'recorded' && state === 'sent'),

    resolveSilent(given, state, nowMs) {
      const job = given as Job;
      if (state === 'waiting') return;
      if (state === 'gone') job.state = 'answered';
      for (const frame of [...job.frames]) judge(frame, state === 'gone' ? 'vanished' : 'silent', nowMs);
    },

    close() {
      for (const frame of [...frames.values()]) settle(frame, STOPPED);
    },
  };
}

const keyOf = (camera: string, epoch: number, seq: number) => `${camera}/${epoch}/${seq}`;
