import { EVENT_CONTRACT_VERSION, EVENT_TYPES } from '../../models/domain/event';
import type { SightlineEvent } from '../../models/domain/event';
import { encodePositions } from './position';
import type { Position } from './position';
import type { Delivery, Entry, EventDelivery } from './types';

/** An entry of a stream: its id, then names and values in turn. */
export type RawEntry = readonly [id: string, fields: readonly string[]];

/** What an entry's delivery does; `positions` is set when it is handed over. */
export interface EntryControl extends Pick<Entry, 'ack' | 'nack' | 'reject' | 'shard' | 'deliveries'> {
  positions: readonly Position[];
}

/** A delivery of an entry. */
export type EntryDelivery = Exclude<Delivery, { readonly kind: 'gap' }>;

const TYPES: ReadonlySet<string> = new Set(EVENT_TYPES);
const SCHEMA = `urn:sightline:event:${String(EVENT_CONTRACT_VERSION)}`;

/** Where the log's writers put each field; others may put it elsewhere. */
const USUAL_PLACES: Readonly<Record<string, number>> = { type: 0, camera: 2, id: 4, seq: 6, data: 8 };

/** Value of a field; undefined when there is none. */
export function fieldOf(fields: readonly string[], name: string): string | undefined {
  const place = USUAL_PLACES[name];
  if (place !== undefined && fields[place] === name) return fields[place + 1];
  for (let at = 0; at + 1 < fields.length; at += 2) if (fields[at] === name) return fields[at + 1];
  return undefined;
}

/** What all deliveries have. A class, since its token is made only for those who ask, and objects of one shape are cheap. */
class DeliveredEntry implements Entry {
  readonly shard: number;
  readonly entryId: string;
  readonly deliveries: number;
  readonly ack: Entry['ack'];
  readonly nack: Entry['nack'];
  readonly reject: Entry['reject'];
  readonly #control: EntryControl;

  constructor(entryId: string, control: EntryControl) {
    this.shard = control.shard;
    this.entryId = entryId;
    this.deliveries = control.deliveries;
    this.ack = control.ack;
    this.nack = control.nack;
    this.reject = control.reject;
    this.#control = control;
  }

  get token(): string {
    return encodePositions(this.#control.positions);
  }
}

class DeliveredEvent extends DeliveredEntry implements EventDelivery {
  readonly kind = 'event';
  readonly event: SightlineEvent;
  readonly seq: number;

  constructor(entryId: string, control: EntryControl, event: SightlineEvent, seq: number) {
    super(entryId, control);
    this.event = event;
    this.seq = seq;
  }
}

/** What an entry means to this version of the contract. The log is trusted: data are not validated against their schema. */
export function decodeEntry([entryId, fields]: RawEntry, control: EntryControl): EntryDelivery {
  const data = fieldOf(fields, 'data');
  const event = data === undefined ? undefined : parse(data);
  if (!isEnvelope(event)) {
    const reason = 'expected a field "data" that holds a CloudEvent in JSON';
    const malformed = { kind: 'malformed', reason, fields: namesOf(fields) } as const;
    return Object.assign(new DeliveredEntry(entryId, control), malformed);
  }
  const seq = Number(fieldOf(fields, 'seq') ?? 0);
  if (TYPES.has(event.type) && event.dataschema === SCHEMA)
    return new DeliveredEvent(entryId, control, event as SightlineEvent, seq);
  const camera = fieldOf(fields, 'camera') ?? '';
  const unknown = { kind: 'unknown', type: event.type, camera, seq, event } as const;
  return Object.assign(new DeliveredEntry(entryId, control), unknown);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isEnvelope(value: unknown): value is { readonly type: string; readonly dataschema?: unknown } {
  if (typeof value !== 'object' || value === null || !('type' in value) || !('data' in value)) return false;
  return typeof value.type === 'string' && typeof value.data === 'object' && value.data !== null;
}

function namesOf(fields: readonly string[]): Record<string, string> {
  const named: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let at = 0; at + 1 < fields.length; at += 2) named[fields[at]!] = fields[at + 1]!;
  return named;
}
