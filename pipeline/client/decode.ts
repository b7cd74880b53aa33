import { EVENT_CONTRACT_VERSION, EVENT_TYPES } from '../../models/domain/event';
import type { SightlineEvent } from '../../models/domain/event';
import { encodePositions } from './position';
import type { Position } from './position';
import type { Delivery, Entry } from './types';

/** An entry of a stream: its id, then names and values in turn. */
export type RawEntry = readonly [id: string, fields: readonly string[]];

/** What an entry's delivery does; `positions` is set when it is handed over. */
export interface EntryControl extends Pick<Entry, 'ack' | 'nack' | 'shard' | 'deliveries'> {
  positions: readonly Position[];
}

/** A delivery of an entry. */
export type EntryDelivery = Exclude<Delivery, { readonly kind: 'gap' }>;

const TYPES: ReadonlySet<string> = new Set(EVENT_TYPES);
const SCHEMA = `urn:sightline:event:${String(EVENT_CONTRACT_VERSION)}`;

/** Value of a field; undefined when there is none. */
export function fieldOf(fields: readonly string[], name: string): string | undefined {
  for (let at = 0; at + 1 < fields.length; at += 2) if (fields[at] === name) return fields[at + 1];
  return undefined;
}

/** What an entry means to this version of the contract. The log is trusted: data are not validated against their schema. */
export function decodeEntry([entryId, fields]: RawEntry, control: EntryControl): EntryDelivery {
  const { ack, nack, shard, deliveries } = control;
  const entry = {
    ...{ shard, entryId, deliveries, ack, nack },
    get token() {
      return encodePositions(control.positions);
    },
  };
  const data = fieldOf(fields, 'data');
  const event = data === undefined ? undefined : parse(data);
  if (!isEnvelope(event)) {
    const reason = 'expected a field "data" that holds a CloudEvent in JSON';
    return withToken({ kind: 'malformed', reason, fields: namesOf(fields) }, entry);
  }
  const seq = Number(fieldOf(fields, 'seq') ?? 0);
  if (TYPES.has(event.type) && event.dataschema === SCHEMA)
    return withToken({ kind: 'event', event: event as SightlineEvent, seq }, entry);
  const camera = fieldOf(fields, 'camera') ?? '';
  return withToken({ kind: 'unknown', type: event.type, camera, seq, event }, entry);
}

/** Keeps the token a getter: it costs something, and few ask for it. */
function withToken<T extends object>(delivery: T, entry: Entry): T & Entry {
  return Object.defineProperties(entry, Object.getOwnPropertyDescriptors(delivery)) as T & Entry;
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
