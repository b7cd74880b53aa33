import type { Observable } from 'rxjs';
import type { PipelineError } from '../../models/domain/errors';
import type { EventOf, EventType, SightlineEvent } from '../../models/domain/event';

/** Where reading begins. `after` takes the `token` of the last delivery an earlier subscription dealt with. */
export type StartPosition = 'now' | 'oldest' | { readonly since: Date | number } | { readonly after: string };

export interface SubscribeOptions {
  /** As in the configuration: `redis://user:password@host:6379/0`, Sentinels or a cluster. */
  readonly url: string;
  /** Default `sightline`. */
  readonly namespace?: string;
  /** Shares the events among all consumers of this name, each event to one of them. Absent: every event, to this one. */
  readonly group?: string;
  /**
   * This consumer's name within its group; after a restart it gets first what it had not acknowledged. Two processes must
   * not share one. Default: made of host and process, never the same again.
   */
  readonly consumer?: string;
  /** Default `now`. A group that exists goes on where it is. */
  readonly from?: StartPosition;
  /** `now`: completes with what the log held when it began (with a group: with what the group was not given). Default: never. */
  readonly to?: 'now';
  /** Types wanted; `track.*` for all that begin so. Default: all, also those this version does not know. */
  readonly types?: readonly (EventType | (string & {}))[];
  /** Cameras wanted. Default: all. */
  readonly cameras?: readonly string[];
  /** Deliveries that are not acknowledged (without a group: not dealt with) at once. Default 100. */
  readonly maxInFlight?: number;
  /** Group: an event that was delivered so often without being acknowledged becomes a dead letter. Default 5. */
  readonly maxDeliveries?: number;
  /** Group: after so long without a sign of life an event of another consumer is taken over, milliseconds. Default 30,000. */
  readonly claimAfterMs?: number;
  /** Without a group: ids remembered, so that an event that was written twice is delivered once. Default 10,000; 0: none. */
  readonly dedupe?: number;
  /** How long `close` waits for acknowledgements under way, milliseconds. Default 2000. */
  readonly closeTimeoutMs?: number;
  /** Aborting it closes the subscription. */
  readonly signal?: AbortSignal;
  /** Hears of connections that broke; they are made anew. */
  readonly onTrouble?: (error: PipelineError) => void;
}

/** What all deliveries of entries have. */
export interface Entry {
  readonly shard: number;
  /** The entry's id in the stream. */
  readonly entryId: string;
  /** Where to go on after this delivery: `from: { after: token }`. */
  readonly token: string;
  /** Group: how often it was delivered, this time included. Without a group: 1. */
  readonly deliveries: number;
  /**
   * The event was dealt with. Group: resolves when Redis knows; rejects only when the subscription is closed or fails before,
   * and then the event is delivered again. Without a group: makes room for the next.
   */
  ack(): Promise<void>;
  /** Group: it could not be dealt with; it is delivered again, to any consumer, after `claimAfterMs`. */
  nack(): void;
  /** Group: nobody will be able to deal with it; it becomes a dead letter with this reason. Settles as `ack`. Without a group: as `ack`. */
  reject(reason: string): Promise<void>;
}

/** An event of the contract; TypeScript tells them apart by `event.type`. */
export interface EventDelivery<T extends SightlineEvent = SightlineEvent> extends Entry {
  readonly kind: 'event';
  readonly event: T;
  /** Numbers the camera's events from 1 without gaps. */
  readonly seq: number;
}

/** An event of a type, or a version of the contract, that is newer than this client. */
export interface UnknownDelivery extends Entry {
  readonly kind: 'unknown';
  readonly type: string;
  readonly camera: string;
  readonly seq: number;
  /** The event as it came. */
  readonly event: unknown;
}

/** An entry that is none of Sightline's. */
export interface MalformedDelivery extends Entry {
  readonly kind: 'malformed';
  readonly fields: Readonly<Record<string, string>>;
  /** What was expected. */
  readonly reason: string;
}

/** Events that are gone before they were delivered. */
export interface Gap {
  readonly kind: 'gap';
  readonly shard: number;
  /** `trimmed`: by the log's retention; `reset`: Redis lost its data, and a new log was begun. */
  readonly reason: 'trimmed' | 'reset';
  /** How many entries; undefined where nobody can tell. */
  readonly missing: number | undefined;
  /** Ids between which they were. `to` is undefined where nothing has come since. */
  readonly from: string;
  readonly to: string | undefined;
}

/** What a subscription delivers, told apart by `kind`. */
export type Delivery = EventDelivery | UnknownDelivery | MalformedDelivery | Gap;

/** Narrows a delivery to events of some types. */
export function isEvent<T extends EventType>(
  delivery: Delivery,
  ...types: readonly T[]
): delivery is EventDelivery<EventOf<T>> {
  return (
    delivery.kind === 'event' &&
    (types.length === 0 || (types as readonly string[]).includes(delivery.event.type))
  );
}

/** Numbers since the subscription began. */
export interface SubscriptionStats {
  /** Entries delivered. */
  readonly delivered: number;
  /** Delivered and not yet dealt with, and waiting to be delivered. */
  readonly inFlight: number;
  readonly acknowledged: number;
  readonly deadLetters: number;
  readonly duplicates: number;
}

/**
 * One consumer of the event log. Deliver it to one loop, or to one subscriber of `observable`; a second one rejects or errors.
 *
 * It ends without an error when it is closed. It fails with a PipelineError when Redis refuses it (`auth`: credentials or
 * permissions; `sink`: a key that is no stream), and outlives everything else.
 */
export interface EventSubscription extends AsyncIterable<Delivery> {
  /**
   * In order within each camera. A delivery is in flight until its `ack` or `nack` is called, with a group and without; no
   * more than `maxInFlight` are. Unsubscribing closes the subscription.
   */
  readonly observable: Observable<Delivery>;
  /** Resolves once it reads: its groups exist, and what is appended from then on is delivered. Rejects as the subscription fails. */
  readonly ready: Promise<void>;
  stats(): SubscriptionStats;
  /**
   * Reads no more, waits for acknowledgements under way, and leaves the rest to other consumers at once. Resolves when all
   * connections are closed.
   */
  close(): Promise<void>;
}
