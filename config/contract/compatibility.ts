import { isDeepStrictEqual } from 'node:util';
import { EVENT_CONTRACT_VERSION, EVENT_TYPES } from '../../models/domain/event';
import { eventTypeJsonSchema } from '../../models/domain/event-json-schema';
import { valuesOf } from './model';
import type { ContractSchema } from './model';
import { BOXES, LOG_INFO, STREAMS } from './stream-layout';

/** What of the contract programs depend on: no texts. */
export interface Contract {
  readonly version: number;
  /** Keys of Redis and the names of their fields. */
  readonly keys: Readonly<Record<string, { readonly key: string; readonly fields: readonly string[] }>>;
  /** The schema of the events of each type. */
  readonly types: Readonly<Record<string, ContractSchema>>;
}

/** The contract as the code has it. */
export function presentContract(): Contract {
  const layouts = Object.entries({ info: LOG_INFO, boxes: BOXES, ...STREAMS });
  return {
    version: EVENT_CONTRACT_VERSION,
    keys: Object.fromEntries(
      layouts.map(([name, { key, fields }]) => [name, { key, fields: fields.map((field) => field.name) }]),
    ),
    types: Object.fromEntries(
      EVENT_TYPES.map((type) => [type, withoutTexts(eventTypeJsonSchema(type)) as ContractSchema]),
    ),
  };
}

/**
 * What of `after` breaks those who depend on `before`, a line each: readers with the old schema, who are given new events, and
 * readers with the new one, who are given what the log held before. Between two major versions nothing is a break.
 *
 * What may come within a major version: types, optional fields, fields of stream entries, and values of open lists.
 */
export function breakingChanges(before: Contract, after: Contract): readonly string[] {
  if (before.version !== after.version) return [];
  const keys = Object.entries(before.keys).flatMap(([name, { key, fields }]) => {
    const now = after.keys[name];
    if (now === undefined) return [`${name}: expected the key ${key}, got none`];
    const gone = fields.filter((field) => !now.fields.includes(field));
    return [
      ...(now.key === key ? [] : [`${name}: expected the key ${key}, got ${now.key}`]),
      ...gone.map((field) => `${name}: expected the field ${field}, which is gone or renamed`),
    ];
  });
  const types = Object.entries(before.types).flatMap(([type, schema]) => {
    const now = after.types[type];
    return now === undefined
      ? [`${type}: expected the type, which is gone or renamed`]
      : schemaBreaks(type, schema, now);
  });
  return [...keys, ...types];
}

/** Keywords that are looked at one by one; any other has to stay as it is. */
const STRUCTURE = new Set(['properties', 'required', 'prefixItems', 'items', 'enum', 'anyOf']);

function schemaBreaks(path: string, before: ContractSchema, after: ContractSchema): readonly string[] {
  const keywords = new Set([...Object.keys(before), ...Object.keys(after)]);
  const changed = [...keywords]
    .filter((keyword) => !STRUCTURE.has(keyword))
    .flatMap((keyword) => {
      const [was, is] = [before, after].map((schema) => schema[keyword as keyof ContractSchema]);
      return isDeepStrictEqual(was, is)
        ? []
        : [`${path}: expected ${keyword} ${shown(was)}, got ${shown(is)}`];
    });
  return [
    ...changed,
    ...valueBreaks(path, before, after),
    ...fieldBreaks(path, before, after),
    ...listBreaks(path, before, after),
  ];
}

function valueBreaks(path: string, before: ContractSchema, after: ContractSchema): readonly string[] {
  const [was, is] = [valuesOf(before), valuesOf(after)];
  if (was === undefined || is === undefined) {
    if (isDeepStrictEqual([before.enum, before.anyOf], [after.enum, after.anyOf])) return [];
    return [
      `${path}: expected ${shown(was?.values ?? before.anyOf)}, got ${shown(is?.values ?? after.anyOf)}`,
    ];
  }
  if (was.isOpen !== is.isOpen) {
    const [expected, got] = was.isOpen ? ['an open', 'a closed'] : ['a closed', 'an open'];
    return [`${path}: expected ${expected} list of values, got ${got} one`];
  }
  if (was.isOpen) return [];
  const added = is.values.filter((value) => !was.values.includes(value));
  const gone = was.values.filter((value) => !is.values.includes(value));
  return [
    ...added.map((value) => `${path}: expected no new value of a closed list, got ${shown(value)}`),
    ...gone.map((value) => `${path}: expected the value ${shown(value)}, which old events have`),
  ];
}

function fieldBreaks(path: string, before: ContractSchema, after: ContractSchema): readonly string[] {
  const [was, is] = [before.properties ?? {}, after.properties ?? {}];
  const [wasAlways, isAlways] = [before.required ?? [], after.required ?? []];
  const known = Object.entries(was).flatMap(([name, schema]) => {
    const now = is[name];
    const at = `${path}.${name}`;
    if (now === undefined) return [`${at}: expected the field, which is gone or renamed`];
    const [before, after] = [wasAlways.includes(name), isAlways.includes(name)];
    return [
      ...(before && !after ? [`${at}: expected it in every event, got an optional field`] : []),
      ...(!before && after
        ? [`${at}: expected an optional field, which old events lack, got a required one`]
        : []),
      ...schemaBreaks(at, schema, now),
    ];
  });
  const added = isAlways.filter((name) => !Object.hasOwn(was, name));
  return [
    ...known,
    ...added.map((name) => `${path}.${name}: expected a new field to be optional, since old events lack it`),
  ];
}

function listBreaks(path: string, before: ContractSchema, after: ContractSchema): readonly string[] {
  const [was, is] = [before.prefixItems ?? [], after.prefixItems ?? []];
  if (was.length !== is.length) return [`${path}: expected a list of ${was.length}, got one of ${is.length}`];
  const places = was.flatMap((schema, index) => schemaBreaks(`${path}[${index}]`, schema, is[index]!));
  if (before.items && after.items)
    return [...places, ...schemaBreaks(`${path}[]`, before.items, after.items)];
  return before.items === after.items
    ? places
    : [...places, `${path}[]: expected ${shown(before.items)}, got ${shown(after.items)}`];
}

const shown = (value: unknown) => (value === undefined ? 'none' : JSON.stringify(value));

const TEXTS = new Set(['$schema', '$id', 'title', 'description', 'examples']);

/** The schema without what only people read. Names of fields are kept, also such as `description`. */
function withoutTexts(schema: unknown, isMap = false): unknown {
  if (Array.isArray(schema)) return schema.map((one) => withoutTexts(one));
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).filter(([key]) => isMap || !TEXTS.has(key));
  return Object.fromEntries(
    entries.map(([key, value]) => [key, withoutTexts(value, !isMap && key === 'properties')]),
  );
}
