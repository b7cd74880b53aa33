import { isScalar, visit } from 'yaml';
import type { Node, Scalar } from 'yaml';
import { credentialsIn, credentialsOf } from '../models/domain/redact';
import { parseRedisUrl } from '../models/support/redis-url';
import { formatPath } from './config-error';
import type { ConfigFault, ConfigPath, TextPosition } from './config-error';
import { schemaAt } from './schema-tree';
import type { SchemaNode } from './schema-tree';
import { describeTemplate, expandTemplate, isTemplate } from './template';
import type { TemplateSources } from './template';
import { readYaml } from './yaml-document';
import type { YamlDocument } from './yaml-document';
import { pathOf } from './yaml-path';

/** A configuration as it was read: its value, and where everything in it stands. */
export interface ConfigText {
  /** Plain data; secrets filled in. Undefined when the text cannot be read at all. */
  readonly value: unknown;
  /** Faults of syntax and of what could not be filled in. */
  readonly faults: readonly ConfigFault[];
  /** What was filled in and may be secret, and passwords in what was written, also of URLs that are none. */
  readonly secrets: readonly string[];
  /** Position of a value, or of the nearest thing around it. */
  readonly locate: (path: ConfigPath, part?: 'key' | 'value') => TextPosition | undefined;
  /** A value that was filled in, as it was written; undefined for any other. */
  readonly templateAt: (path: ConfigPath) => string | undefined;
  /** True for a value that a fault of the text stands for already: it cannot be blamed for what it is not. */
  readonly isUnread: (path: ConfigPath) => boolean;
}

/** YAML aliases may repeat a part this often: far more than cameras that share settings need, far less than a bomb. */
const MAX_ALIASES = 1000;

/** These say where things are written and what they are called; messages need them, so what is filled in stays readable. */
const PUBLIC_KEYS = new Set(['namespace', 'name', 'path', 'annotate', 'labels', 'startTime', 'type']);

/** A text of which nothing can be read. */
export function unreadableText(faults: readonly ConfigFault[]): ConfigText {
  return { ...plainText(undefined), faults };
}

/** A value that was not read from a text. */
export function plainText(value: unknown): ConfigText {
  return {
    value,
    faults: [],
    secrets: passwordsIn(value),
    locate: () => undefined,
    templateAt: () => undefined,
    isUnread: () => false,
  };
}

/** Reads YAML and fills in `${…}` in values. Does not throw for any text. */
export function readConfigText(text: string, sources: TemplateSources): ConfigText {
  const read = readYaml(text);
  if ('faults' in read) return unreadableText(read.faults);
  const { yaml } = read;
  const plain = toPlain(yaml);
  if (plain === undefined) {
    return unreadableText([
      ...yaml.faults,
      { path: '', message: `expected at most ${MAX_ALIASES} repetitions by YAML aliases, got more` },
    ]);
  }
  const { faults, secrets, templates, unfilled } = fillIn(yaml, plain.value, sources);
  const unread: ReadonlySet<Node> = new Set([...yaml.unread, ...unfilled]);
  const value = toPlain(yaml)?.value;
  return {
    value,
    faults: [...yaml.faults, ...faults],
    secrets: [...new Set([...secrets, ...passwordsIn(value)])],
    locate: yaml.locate,
    templateAt: (path) => {
      const node = yaml.nodeAt(path);
      return isScalar(node) ? templates.get(node) : undefined;
    },
    isUnread: (path) => {
      // What a map lacks may be in that part of it which could not be read.
      const node = yaml.nodeAt(path) ?? yaml.nodeAt(path.slice(0, -1));
      return node !== undefined && unread.has(node);
    },
  };
}

function toPlain({ document }: YamlDocument): { readonly value: unknown } | undefined {
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown };
  } catch {
    return undefined;
  }
}

/** Replaces the templates among the values of the document, in place. */
function fillIn({ document, positionOf }: YamlDocument, plain: unknown, sources: TemplateSources) {
  const faults: ConfigFault[] = [];
  const secrets = new Set<string>();
  const templates = new Map<Scalar, string>();
  const unfilled: Scalar[] = [];
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || typeof node.value !== 'string' || !isTemplate(node.value)) return;
      const path = pathOf([...ancestors, node]);
      const expanded = expandTemplate(node.value, sources);
      templates.set(node, describeTemplate(node.value));
      if (expanded.faults.length > 0) {
        const place = { path: formatPath(path), ...positionOf(node.range?.[0] ?? 0) };
        faults.push(...expanded.faults.map((message) => ({ ...place, message })));
        unfilled.push(node);
        return;
      }
      node.value = toSchemaType(expanded.text, schemaAt(path, plain));
      const isReadable = typeof node.value !== 'string' || isPublic(path);
      for (const value of isReadable ? expanded.fileValues : expanded.values) {
        for (const secret of secretsIn(value)) secrets.add(secret);
      }
    },
  });
  return { faults, secrets: [...secrets], templates, unfilled };
}

/** Of every text in a value, however deep. What aliases or a caller put in twice is looked at once. */
function passwordsIn(value: unknown): readonly string[] {
  const seen = new Set<unknown>([value]);
  // A set tells of what is added while it is gone through.
  for (const one of seen) {
    if (typeof one !== 'object' || one === null) continue;
    for (const inner of Object.values(one)) seen.add(inner);
  }
  return [...seen].flatMap((one) => (typeof one === 'string' ? credentialsIn(one) : []));
}

/** Of the URL of a Redis only the credentials: messages must name the server. */
function secretsIn(value: string): readonly string[] {
  return parseRedisUrl(value.trim()) === undefined ? [value] : credentialsOf(value.trim());
}

/** False for `cameras.path.url`: a camera may be called like a key. */
function isPublic(path: ConfigPath): boolean {
  const isCamera = path[0] === 'cameras' && path.length < 3;
  return !isCamera && PUBLIC_KEYS.has(String(path.findLast((part) => typeof part === 'string')));
}

/** A number or truth value where the schema wants one: the environment holds nothing but text. */
function toSchemaType(text: string, schema: SchemaNode | undefined): string | number | boolean {
  const types = [schema, ...(schema?.anyOf ?? [])].map((kind) => kind?.type);
  const isNumeric = /^-?\d+(\.\d+)?$/.test(text) && text.length < 16;
  if (isNumeric && types.some((type) => type === 'number' || type === 'integer')) return Number(text);
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}
