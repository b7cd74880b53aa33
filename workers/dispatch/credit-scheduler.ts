import type { DetectChannelOptions } from '../../models/domain/detect-port';
import type { DetectFrame } from '../../models/domain/frame';
import type { Outcome } from '../../models/domain/observation';

const STOPPED: Outcome = { kind: 'dropped', reason: 'stopped' };
const SUPERSEDED: Outcome = { kind: 'dropped', reason: 'superseded' };
const EXPIRED: Outcome = { kind: 'expired' };

/** Called once with what became of a frame, after the scheduler's own state is up to date. */
export type Settle = (outcome: Outcome) => void;

/** A frame that holds a credit: taken from its waiting slot and not yet settled. */
export interface Ticket {
  readonly frame: DetectFrame;
  /** When the frame is to have begun at the latest, in milliseconds; undefined: whenever its turn comes. */
  readonly deadlineMs: number | undefined;
  /** True when the frame should have begun before `nowMs`. */
  isExpired(nowMs: number): boolean;
  /** Gives the lease back early, once the pixels are copied; settling does it otherwise. May be called again. */
  releasePixels(): void;
  /** Settles the frame and frees its credit; false, and nothing else, when it was settled before. */
  readonly settle: (outcome: Outcome) => boolean;
}

/** One camera's frames. */
export interface ScheduledChannel {
  /** True when the next live frame would push out one that waits. */
  readonly wouldSupersede: boolean;
  /** Takes over the frame and one hold on its lease; `settle` is called exactly once, now or later. */
  offer(frame: DetectFrame, settle: Settle): void;
  /** Settles what waits as `dropped{stopped}`, and all that comes; calls `onIdle` when nothing holds a credit. */
  close(onIdle: () => void): void;
}

/**
 * Decides which camera's frame goes next and how many are out; knows nothing of processes, rings or queues. Synchronous:
 * `takeBatch` is called whenever there is room for a batch.
 */
export interface CreditScheduler {
  /** Frames `takeBatch` would take now if it took as many as it can, expired ones included. */
  readonly takeable: number;
  /** Frames that hold a credit. */
  readonly inFlight: number;
  open(options: DetectChannelOptions): ScheduledChannel;
  /**
   * Up to `max` frames, one from each camera in turn, as many as credits allow; the turn goes on where the last batch
   * stopped. Frames whose deadline lies before `nowMs` settle as `expired` instead. A frame that is to be alone is a batch
   * of its own.
   */
  takeBatch(max: number, nowMs: number): Ticket[];
  /** Settles waiting frames whose deadline has passed, for ports that may take no batch for long. */
  expireWaiting(nowMs: number): void;
  /** Settles every waiting frame with the given outcome. */
  settleWaiting(outcome: Outcome): void;
  /** Settles everything, waiting or out, as `dropped{stopped}`, and all that comes. */
  close(): void;
}

interface Waiting {
  readonly frame: DetectFrame;
  readonly settle: Settle;
}

interface Channel {
  readonly options: DetectChannelOptions;
  /** Live: at most one. Recorded: in order, bounded by the caller's frame buffers. */
  readonly waiting: Waiting[];
  inFlight: number;
  isOpen: boolean;
  onIdle: (() => void)[];
}

/** A scheduler with the given number of credits over all cameras. */
export function createCreditScheduler({ credits }: { readonly credits: number }): CreditScheduler {
  if (!Number.isInteger(credits) || credits < 1)
    throw new RangeError(`credits: expected at least 1, got ${credits}`);
  const channels = new Set<Channel>();
  /** Channels that have a frame waiting and a credit of their own left, the one whose turn is next first. */
  const turns = new Set<Channel>();
  const out = new Set<Ticket>();
  let isOpen = true;

  function refreshTurn(channel: Channel): void {
    if (channel.waiting.length === 0 || channel.inFlight >= channel.options.inFlight) turns.delete(channel);
    else turns.add(channel);
  }

  function finish(waiting: Waiting, outcome: Outcome): void {
    waiting.frame.lease.release();
    waiting.settle(outcome);
  }

  function settleWaitingOf(channel: Channel, outcome: Outcome): void {
    turns.delete(channel);
    for (const waiting of channel.waiting.splice(0)) finish(waiting, outcome);
  }

  function reportIdle(channel: Channel): void {
    if (channel.isOpen || channel.inFlight > 0) return;
    channels.delete(channel);
    for (const onIdle of channel.onIdle.splice(0)) onIdle();
  }

  function createTicket(channel: Channel, { frame, settle }: Waiting): Ticket {
    let holdsPixels = true;
    let isSettled = false;
    const ticket: Ticket = {
      frame,
      deadlineMs: deadlineOf(channel.options, frame),
      isExpired: (nowMs) => isExpired(channel.options, frame, nowMs),
      releasePixels() {
        if (!holdsPixels) return;
        holdsPixels = false;
        frame.lease.release();
      },
      settle(outcome) {
        if (isSettled) return false;
        isSettled = true;
        out.delete(ticket);
        channel.inFlight--;
        refreshTurn(channel);
        ticket.releasePixels();
        settle(outcome);
        reportIdle(channel);
        return true;
      },
    };
    channel.inFlight++;
    out.add(ticket);
    return ticket;
  }

  return {
    get takeable() {
      let count = 0;
      for (const { waiting, inFlight, options } of turns)
        count += Math.min(waiting.length, options.inFlight - inFlight);
      return Math.min(count, credits - out.size);
    },
    get inFlight() {
      return out.size;
    },

    open(options) {
      if (!(options.inFlight >= 1))
        throw new RangeError(`inFlight: expected at least 1, got ${options.inFlight}`);
      const channel: Channel = { options, waiting: [], inFlight: 0, isOpen: isOpen, onIdle: [] };
      if (isOpen) channels.add(channel);
      return {
        get wouldSupersede() {
          return options.mode === 'live' && channel.waiting.length > 0;
        },
        offer(frame, settle) {
          if (!channel.isOpen) {
            finish({ frame, settle }, STOPPED);
            return;
          }
          const superseded = options.mode === 'live' ? channel.waiting.splice(0) : [];
          channel.waiting.push({ frame, settle });
          refreshTurn(channel);
          for (const older of superseded) finish(older, SUPERSEDED);
        },
        close(onIdle) {
          channel.isOpen = false;
          channel.onIdle.push(onIdle);
          settleWaitingOf(channel, STOPPED);
          reportIdle(channel);
        },
      };
    },

    takeBatch(max, nowMs) {
      const batch: Ticket[] = [];
      const expired: Waiting[] = [];
      for (const channel of turns) {
        if (batch.length >= max || out.size >= credits) break;
        const isAlone = channel.waiting[0]!.frame.isAlone === true;
        if (isAlone && batch.length > 0) continue;
        // A Set is walked in insertion order, and what is added during the walk comes last: the turn passes on.
        turns.delete(channel);
        const waiting = channel.waiting.shift()!;
        if (isExpired(channel.options, waiting.frame, nowMs)) expired.push(waiting);
        else batch.push(createTicket(channel, waiting));
        refreshTurn(channel);
        if (isAlone && batch.length > 0) break;
      }
      for (const waiting of expired) finish(waiting, EXPIRED);
      return batch;
    },

    expireWaiting(nowMs) {
      for (const channel of channels) {
        const isLate = ({ frame }: Waiting) => isExpired(channel.options, frame, nowMs);
        const late = channel.waiting.filter(isLate);
        if (late.length === 0) continue;
        channel.waiting.splice(0, Infinity, ...channel.waiting.filter((waiting) => !isLate(waiting)));
        refreshTurn(channel);
        for (const waiting of late) finish(waiting, EXPIRED);
      }
    },

    settleWaiting(outcome) {
      for (const channel of channels) settleWaitingOf(channel, outcome);
    },

    close() {
      isOpen = false;
      for (const channel of [...channels]) {
        channel.isOpen = false;
        settleWaitingOf(channel, STOPPED);
        reportIdle(channel);
      }
      for (const ticket of [...out]) ticket.settle(STOPPED);
    },
  };
}

function deadlineOf(
  { mode, maxLatencyMs }: DetectChannelOptions,
  { info, deadlineMs }: DetectFrame,
): number | undefined {
  if (deadlineMs !== undefined || mode === 'recorded' || info.capturedAtMs === undefined) return deadlineMs;
  return info.capturedAtMs + maxLatencyMs;
}

function isExpired(options: DetectChannelOptions, frame: DetectFrame, nowMs: number): boolean {
  return nowMs > (deadlineOf(options, frame) ?? Infinity);
}
