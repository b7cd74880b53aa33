import { z } from 'zod';
import type { ConfigPath } from './config-error';
import { configSchema } from './schema';

/** The parts of a JSON Schema that ours are made of. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: string | boolean;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly prefixItems?: readonly SchemaNode[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly propertyNames?: SchemaNode;
  readonly additionalProperties?: SchemaNode | false;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  /** Ours: how a fault names what should have stood there. No part of the published schema. */
  readonly expected?: string;
  /** Ours: the value is shown nowhere. */
  readonly isSecret?: boolean;
}

/** The configuration's schema as data, with what is ours in it. */
export const schemaTree = z.toJSONSchema(configSchema, { io: 'input' }) as SchemaNode;

/**
 * The schema of the value at a path; undefined where the path leads out of it. `value` is the whole configuration as it was
 * written, which decides between the kinds of event sinks.
 */
export function schemaAt(path: ConfigPath, value: unknown): SchemaNode | undefined {
  let node: SchemaNode | undefined = schemaTree;
  let inner = value;
  for (const key of path) {
    if (node === undefined) return undefined;
    node = chooseKind(node, inner);
    node = typeof key === 'number' ? (node.prefixItems?.[key] ?? node.items) : childOf(node, key);
    inner = memberOf(inner, key);
  }
  return node === undefined ? undefined : chooseKind(node, inner);
}

function chooseKind(node: SchemaNode, value: unknown): SchemaNode {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (node.anyOf !== undefined && isMap) {
    return node.anyOf.find(({ properties }) => properties !== undefined) ?? node;
  }
  const type = memberOf(value, 'type');
  return node.oneOf?.find(({ properties }) => properties?.type?.const === type) ?? node;
}

function childOf(node: SchemaNode, key: string): SchemaNode | undefined {
  if (node.properties !== undefined && Object.hasOwn(node.properties, key)) return node.properties[key];
  return node.additionalProperties === false ? undefined : node.additionalProperties;
}

/** What stands at a key or index of a value, if it has such. */
export function memberOf(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string | number, unknown>)[key];
}

/** The keys of a value, none where it is no map. */
export function keysOf(value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}

/** What stands at a path of a value, if it leads anywhere. */
export function valueAt(value: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(memberOf, value);
}

/** What a schema asks for, for people: `a whole number from 1 to 64`. */
export function expectedOf(node: SchemaNode): string {
  if (node.expected !== undefined) return node.expected;
  if (node.const !== undefined) return String(node.const);
  if (node.enum !== undefined) return `one of ${node.enum.join(', ')}`;
  const kinds = node.oneOf ?? node.anyOf;
  if (kinds !== undefined) return kinds.map(kindOf).join(' or ');
  switch (node.type) {
    case 'integer':
      return `a whole number${rangeOf(node)}`;
    case 'number':
      return `a number${rangeOf(node)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list${lengthOf(node)}${wordsOf(node.items)}`;
    case 'object':
      return 'a map';
    default:
      return 'text';
  }
}

function lengthOf({ minItems, maxItems }: SchemaNode): string {
  if (minItems !== undefined && minItems === maxItems) return ` of ${minItems}`;
  if (minItems !== undefined && maxItems !== undefined) return ` of ${minItems} to ${maxItems}`;
  if (maxItems !== undefined) return ` of at most ${maxItems}`;
  return minItems === undefined ? '' : ` of at least ${minItems}`;
}

function wordsOf(items: SchemaNode | undefined): string {
  const words = items === undefined ? [] : knownWords(items);
  return words.length === 0 ? '' : ` of ${words.join(', ')}`;
}

/** The words that a text may be, where other texts may do as well. */
export function knownWords(node: SchemaNode): readonly string[] {
  return node.enum ?? node.anyOf?.flatMap((kind) => kind.enum ?? []) ?? [];
}

function kindOf(node: SchemaNode): string {
  const type = node.properties?.type?.const;
  return type === undefined ? expectedOf(node) : `a map with "type: ${type}"`;
}

function rangeOf({ minimum, maximum, exclusiveMinimum }: SchemaNode): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  const above = exclusiveMinimum === undefined ? '' : ` above ${exclusiveMinimum}`;
  const below = maximum === undefined ? '' : `${above === '' ? '' : ' and'} at most ${maximum}`;
  return above + below;
}
