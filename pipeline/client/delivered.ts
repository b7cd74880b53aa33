import type { SightlineEvent } from '../../models/domain/event';
import { encodePositions } from './position';
import type { Position } from './position';
import type { Entry, EventDelivery } from './types';

/** The reader of a shard, as its deliveries need it. */
export interface EntryOwner {
  readonly shard: number;
  /** The consumer is done with the entry; called at most once for each. */
  ack(entry: DeliveredEntry): Promise<void>;
  reject(entry: DeliveredEntry, reason: string): Promise<void>;
  nack(entry: DeliveredEntry): void;
  /** The consumer asked for the next one. */
  passed(entry: DeliveredEntry): void;
}

let place: (entry: DeliveredEntry, others: readonly Position[]) => void;
let pass: (entry: DeliveredEntry) => void;
let read: (entry: DeliveredEntry) => Position;

/**
 * What all deliveries of entries have. One object an entry, whose methods are shared and whose token is made for those who ask:
 * a reader that is behind makes many of them.
 */
export class DeliveredEntry implements Entry {
  readonly shard: number;
  readonly entryId: string;
  readonly deliveries: number;
  readonly #owner: EntryOwner;
  /** How many entries were ever appended up to it, where that is known. */
  readonly #count: number | undefined;
  #positions: readonly Position[] = [];
  #settled: Promise<void> | undefined;

  static {
    place = (entry, positions) => void (entry.#positions = positions);
    pass = (entry) => entry.#owner.passed(entry);
    read = (entry) => ({ id: entry.entryId, count: entry.#count });
  }

  constructor(entryId: string, owner: EntryOwner, deliveries: number, count: number | undefined) {
    this.shard = owner.shard;
    this.entryId = entryId;
    this.deliveries = deliveries;
    this.#owner = owner;
    this.#count = count;
  }

  get token(): string {
    return encodePositions(this.#positions.with(this.shard, read(this)));
  }

  ack(): Promise<void> {
    return (this.#settled ??= this.#owner.ack(this));
  }

  reject(reason: string): Promise<void> {
    return (this.#settled ??= this.#owner.reject(this, reason));
  }

  nack(): void {
    this.#owner.nack(this);
  }
}

/** Notes how far all shards were handed over to the consumer when this entry was; its own counts as behind it. */
export const handedOver = (entry: DeliveredEntry, positions: readonly Position[]): void =>
  place(entry, positions);

/** The consumer asked for what comes behind it. */
export const passed = (entry: DeliveredEntry): void => pass(entry);

/** How far its shard was read with it. */
export const positionOf = (entry: DeliveredEntry): Position => read(entry);

/** An entry that holds an event of the contract. */
export class DeliveredEvent extends DeliveredEntry implements EventDelivery {
  readonly kind = 'event';
  readonly event: SightlineEvent;
  readonly seq: number;

  constructor(
    entryId: string,
    owner: EntryOwner,
    deliveries: number,
    count: number | undefined,
    event: SightlineEvent,
    seq: number,
  ) {
    super(entryId, owner, deliveries, count);
    this.event = event;
    this.seq = seq;
  }
}
