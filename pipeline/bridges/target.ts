import type { SightlineEvent } from '../../models/domain/event';
import type { EventDelivery, UnknownDelivery } from '../client/types';

/** What a bridge passes on. */
export type BridgedDelivery = EventDelivery | UnknownDelivery;

/** What became of an event. */
export type Outcome =
  | { readonly kind: 'delivered' }
  /** No repetition would mend it, or it was repeated for long enough; `reason` is for people, without credentials. */
  | { readonly kind: 'refused'; readonly reason: string };

export const DELIVERED: Outcome = { kind: 'delivered' };

/** What a target tells of. */
export interface TargetNotices {
  /** It does not take events for now; it is tried again. Told again when the reason changes. */
  readonly onTrouble: (detail: string) => void;
  /** It takes events again. */
  readonly onRecovered: () => void;
}

/** Where a bridge leads. Repeats what fails by itself, and keeps the order of each camera's events. */
export interface BridgeTarget {
  /** For messages; without credentials. */
  readonly name: string;
  /** Events in flight at once. */
  readonly maxInFlight: number;
  /**
   * Types of which the target wants to hear the last event that each camera and zone has in the log, before anything is
   * delivered: what it shows as being so now.
   */
  readonly stateTypes?: readonly string[];
  /** Takes such an event. */
  restore?(event: SightlineEvent): void;
  /** Called in order of the log. Rejects only when the target is closed before the event was dealt with. */
  deliver(delivery: BridgedDelivery): Promise<Outcome>;
  /** Gives up what is under way and lets go of everything. */
  close(): Promise<void>;
}

/** The camera an event is of. */
export function cameraOf(delivery: BridgedDelivery): string {
  return delivery.kind === 'event' ? delivery.event.data.camera : delivery.camera;
}

/** The error of what is under way when a target is closed. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError';

  constructor(target: string) {
    super(`${target}: expected to deliver the event, got closed before`);
  }
}
