import { cameraId } from '../../models/domain/frame';
import type { SourceMode } from '../../models/domain/frame';
import type { Outcome } from '../../models/domain/observation';
import type { Ticket } from '../../workers/dispatch/credit-scheduler';

export interface TicketChoices {
  readonly camera?: string;
  readonly seq?: number;
  readonly mode?: SourceMode;
  readonly deadlineMs?: number;
  readonly minScore?: number;
}

/** A ticket, and what it was settled with. */
export type TestTicket = Ticket & { readonly outcomes: readonly Outcome[] };

/** A frame of four pixels that holds a credit. */
export function ticketOf({
  camera = 'a',
  seq = 0,
  mode,
  deadlineMs,
  minScore,
}: TicketChoices = {}): TestTicket {
  const outcomes: Outcome[] = [];
  return {
    outcomes,
    deadlineMs,
    frame: {
      kind: 'frame',
      info: {
        cameraId: cameraId(camera),
        mode: mode ?? (deadlineMs === undefined ? 'recorded' : 'live'),
        segment: { epoch: 7, isResumed: false },
        seq,
        ptsMs: seq * 40,
        atMs: seq * 40,
        source: { width: 40, height: 30 },
      },
      lease: { pixels: Uint8Array.of(1, 2, 3, 4, 5, 6), retain: () => undefined, release: () => undefined },
      ...(minScore !== undefined && { minScore }),
    },
    isExpired: (nowMs) => nowMs > (deadlineMs ?? Infinity),
    releasePixels: () => undefined,
    settle(outcome) {
      outcomes.push(outcome);
      return outcomes.length === 1;
    },
  };
}
