import { EVENT_CONTRACT_VERSION, EVENT_TYPES } from '../../models/domain/event';
import type { SightlineEvent } from '../../models/domain/event';
import { DeliveredEntry, DeliveredEvent } from './delivered';
import type { EntryOwner } from './delivered';
import type { MalformedDelivery, UnknownDelivery } from './types';

/** An entry of a stream: its id, then names and values in turn. */
export type RawEntry = readonly [id: string, fields: readonly string[]];

/** A delivery of an entry. */
export type EntryDelivery = DeliveredEvent | (DeliveredEntry & (UnknownDelivery | MalformedDelivery));

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

/** What an entry means to this version of the contract. The log is trusted: data are not validated against their schema. */
export function decodeEntry(
  [entryId, fields]: RawEntry,
  owner: EntryOwner,
  deliveries: number,
  count?: number,
): EntryDelivery {
  const data = fieldOf(fields, 'data');
  const event = data === undefined ? undefined : parse(data);
  if (!isEnvelope(event)) {
    const reason = 'expected a field "data" that holds a CloudEvent in JSON';
    const malformed = { kind: 'malformed', reason, fields: namesOf(fields) } as const;
    return Object.assign(new DeliveredEntry(entryId, owner, deliveries, count), malformed);
  }
  const seq = Number(fieldOf(fields, 'seq') ?? 0);
  if (TYPES.has(event.type) && event.dataschema === SCHEMA)
    return new DeliveredEvent(entryId, owner, deliveries, count, event as SightlineEvent, seq);
  const camera = fieldOf(fields, 'camera') ?? '';
  const unknown = { kind: 'unknown', type: event.type, camera, seq, event } as const;
  return Object.assign(new DeliveredEntry(entryId, owner, deliveries, count), unknown);
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
