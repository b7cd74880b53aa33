import type { Outcome } from './observation';

/**
 * Where every frame of a camera's epoch went. At any moment
 * `received = gated + dropped + expired + failed + detected + inFlight`, and `inFlight` is 0 after a drain.
 */
export interface LedgerEntry {
  readonly received: number;
  readonly detected: number;
  readonly expired: number;
  readonly failed: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Record<string, number>>;
  readonly inFlight: number;
}

/** Frames that were to be looked at and were not, failures apart; those without motion were not to be. */
export function missedFrames({ dropped, expired }: LedgerEntry): number {
  return Object.entries(dropped).reduce(
    (sum, [reason, count]) => (reason === 'gated' ? sum : sum + count),
    expired,
  );
}

/** Counts the frames of one camera; per epoch for the latest epochs, in all for ever. */
export interface Ledger {
  /** A frame came out of FFmpeg. */
  receive(epoch: number): void;
  settle(epoch: number, outcome: Outcome): void;
  /** Sums over all epochs so far. */
  total(): LedgerEntry;
  /** The entry of a recent epoch, or undefined. */
  epoch(epoch: number): LedgerEntry | undefined;
}

/** Epochs remembered one by one: enough to look at a flapping camera, bounded for one that flaps for years. */
const EPOCHS_KEPT = 16;

interface Counts {
  received: number;
  detected: number;
  expired: number;
  failed: Record<string, number>;
  dropped: Record<string, number>;
  settled: number;
}

const zero = (): Counts => ({ received: 0, detected: 0, expired: 0, failed: {}, dropped: {}, settled: 0 });

function add(counts: Counts, outcome: Outcome): void {
  counts.settled++;
  switch (outcome.kind) {
    case 'detected':
      counts.detected++;
      break;
    case 'expired':
      counts.expired++;
      break;
    case 'dropped':
      counts.dropped[outcome.reason] = (counts.dropped[outcome.reason] ?? 0) + 1;
      break;
    case 'failed':
      counts.failed[outcome.code] = (counts.failed[outcome.code] ?? 0) + 1;
      break;
  }
}

function toEntry({ received, detected, expired, failed, dropped, settled }: Counts): LedgerEntry {
  return {
    received,
    detected,
    expired,
    failed: { ...failed },
    dropped: { ...dropped },
    inFlight: received - settled,
  };
}

/** An empty ledger. */
export function createLedger(): Ledger {
  const total = zero();
  const epochs = new Map<number, Counts>();

  function countsOf(epoch: number): Counts {
    let counts = epochs.get(epoch);
    if (counts === undefined) {
      counts = zero();
      epochs.set(epoch, counts);
      if (epochs.size > EPOCHS_KEPT) epochs.delete(epochs.keys().next().value!);
    }
    return counts;
  }

  return {
    receive(epoch) {
      total.received++;
      countsOf(epoch).received++;
    },
    settle(epoch, outcome) {
      add(total, outcome);
      const counts = epochs.get(epoch);
      if (counts !== undefined) add(counts, outcome);
    },
    total: () => toEntry(total),
    epoch: (epoch) => {
      const counts = epochs.get(epoch);
      return counts && toEntry(counts);
    },
  };
}
