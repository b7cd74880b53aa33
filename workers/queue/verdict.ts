import type { Detection } from '../../models/domain/detection';
import type { Outcome } from '../../models/domain/observation';
import type { Ticket } from '../dispatch/credit-scheduler';
import type { ReplyKind } from '../wire/reply';

/** Crashes or hangs of the detector, each with the frame alone, that make it poison. */
export const LOSSES_OF_POISON = 2;

/**
 * Workers that had the frame alone and were heard of no more. A frame can bring down a whole worker (its container runs out
 * of memory), but so can an operator: more are needed.
 */
export const SILENCES_OF_POISON = 5;

/** What is known of a frame when something happened to it. */
export interface FrameHistory {
  readonly ticket: Ticket;
  readonly attempt: number;
  readonly losses: number;
  readonly silences: number;
}

/**
 * What becomes of a frame after a worker's answer, after a silence of a worker that had begun it (`silent`), or after its job
 * was lost (`vanished`, as in a Redis that was restarted empty): an outcome, another attempt, or the end as poison.
 *
 * Recorded frames are tried again until somebody has looked at them. Live ones too, but for the deadline that ends it.
 */
export function verdictOf(
  kind: ReplyKind | 'silent' | 'vanished',
  { ticket, attempt, losses, silences }: FrameHistory,
  detections: readonly Detection[],
): Outcome | 'again' | 'poison' {
  const isAlone = attempt > 1;
  switch (kind) {
    case 'detected':
      return { kind: 'detected', detections };
    case 'refused':
      return { kind: 'failed', code: 'inference' };
    case 'expired':
      return ticket.deadlineMs === undefined ? 'again' : { kind: 'expired' };
    case 'overwritten':
      return ticket.frame.info.mode === 'live' ? { kind: 'dropped', reason: 'overwritten' } : 'again';
    case 'lost':
      return isAlone && losses + 1 >= LOSSES_OF_POISON ? 'poison' : 'again';
    case 'silent':
      return isAlone && silences + 1 >= SILENCES_OF_POISON ? 'poison' : 'again';
    case 'missing':
    case 'unreachable':
    case 'returned':
    case 'vanished':
      return 'again';
  }
}
