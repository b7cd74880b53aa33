import { isDeepStrictEqual } from 'node:util';
import { EVENT_TYPES } from '../../models/domain/event';
import type { EventType } from '../../models/domain/event';
import { eventTypeJsonSchema } from '../../models/domain/event-json-schema';

/** What of JSON Schema the contract is made of (draft 2020-12). */
export interface ContractSchema {
  readonly type?: string;
  readonly description?: string;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, ContractSchema>>;
  readonly required?: readonly string[];
  readonly prefixItems?: readonly ContractSchema[];
  readonly items?: ContractSchema | false;
  readonly anyOf?: readonly ContractSchema[];
}

/** A field of an event or of its data. */
export interface Field {
  readonly name: string;
  readonly isOptional: boolean;
  readonly schema: ContractSchema;
}

/** One type of event. */
export interface TypeModel {
  readonly type: EventType;
  /** When it is sent. */
  readonly when: string;
  /** What its data hold first: what the events of all cameras, or of all tracks, hold. */
  readonly base: 'camera' | 'track';
  /** What they hold besides. */
  readonly fields: readonly Field[];
}

/** The contract, sorted for people. */
export interface ContractModel {
  /** Attributes around the data, without `type` and `data`. */
  readonly envelope: readonly Field[];
  /** Fields that the data of all types hold. */
  readonly camera: readonly Field[];
  /** Fields that the data of all types about a track hold, beside those. */
  readonly track: readonly Field[];
  readonly types: readonly TypeModel[];
}

/** Sorts the fields of all types into those that they share and those of their own. */
export function contractModel(): ContractModel {
  const schemas: readonly { type: EventType; schema: ContractSchema }[] = EVENT_TYPES.map((type) => ({
    type,
    schema: eventTypeJsonSchema(type),
  }));
  const all = schemas.map(({ schema }) => fieldsOf(schema.properties!.data!));
  const ofTracks = all.filter((fields) => fields.some(({ name }) => name === 'trackId'));
  const camera = sharedBy(all);
  const track = without(sharedBy(ofTracks), camera);
  return {
    envelope: fieldsOf(schemas[0]!.schema).filter(({ name }) => name !== 'type' && name !== 'data'),
    camera,
    track,
    types: schemas.map(({ type, schema }, index) => {
      const base = ofTracks.includes(all[index]!) ? 'track' : 'camera';
      const known = base === 'track' ? [...camera, ...track] : camera;
      return { type, when: schema.description!, base, fields: without(all[index]!, known) };
    }),
  };
}

/** The fields of an object. */
export function fieldsOf({ properties = {}, required = [] }: ContractSchema): readonly Field[] {
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    isOptional: !required.includes(name),
    schema,
  }));
}

/** The known values of a list, and whether it may grow within the major version; undefined for what is no list of values. */
export function valuesOf(
  schema: ContractSchema,
): { readonly values: readonly string[]; readonly isOpen: boolean } | undefined {
  if (schema.enum !== undefined) return { values: schema.enum, isOpen: false };
  const known = schema.anyOf?.[0]?.enum;
  return known === undefined ? undefined : { values: known, isOpen: true };
}

function sharedBy(all: readonly (readonly Field[])[]): readonly Field[] {
  const [first = [], ...others] = all;
  return first.filter((field) =>
    others.every((fields) => fields.some((other) => isDeepStrictEqual(other, field))),
  );
}

const without = (fields: readonly Field[], known: readonly Field[]) =>
  fields.filter(({ name }) => known.every((other) => other.name !== name));
