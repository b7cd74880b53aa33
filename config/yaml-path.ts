import { isAlias, isMap, isPair, isScalar, isSeq } from 'yaml';
import type { Document, Node, Pair, YAMLMap } from 'yaml';
import type { ConfigPath } from './config-error';

/** A value in a YAML text, and its key where it has one. */
export interface Place {
  readonly key?: Node | null;
  readonly value?: Node | null;
}

/** The text of a key, the same that `toJS` of a document makes of it; of what cannot be one, a sign that says so. */
export function keyText(key: unknown): string {
  if (isMergeKey(key)) return '<<';
  if (isScalar<string | number | boolean | null>(key)) return String(key.value ?? '');
  return isAlias(key) ? `*${key.source}` : isSeq(key) ? '[…]' : '{…}';
}

/** True for the key `<<`. Its value is a symbol (yaml 2.9), so that no text can be taken for it. */
export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && typeof key.value === 'symbol';
}

/** Keys and indexes on the way down a chain of nodes and pairs. */
export function pathOf(chain: readonly unknown[]): ConfigPath {
  const path: (string | number)[] = [];
  chain.forEach((node, depth) => {
    if (isPair(node)) path.push(keyText(node.key));
    if (isSeq(node)) path.push(node.items.indexOf(chain[depth + 1]));
  });
  return path;
}

/**
 * What stands at a path, through aliases and merge keys. Of a key that stands there twice, the last: as `toJS` has it. The
 * document must not get or lose keys once it was asked.
 */
export function placeAt(document: Document.Parsed, path: ConfigPath): Place | undefined {
  let place: Place | undefined = { value: document.contents };
  for (const part of path) {
    place = memberOf(document, place.value, part);
    if (place === undefined) return undefined;
  }
  return { ...place, value: resolveAlias(document, place.value) ?? null };
}

/** A node, or what it is an alias of. */
export function resolveAlias(
  document: Document.Parsed,
  node: Node | null | undefined,
): Node | null | undefined {
  return isAlias(node) ? node.resolve(document) : node;
}

/** Merge keys may lead in a circle. */
const MAX_MERGE_DEPTH = 16;

function memberOf(
  document: Document.Parsed,
  parent: Node | null | undefined,
  part: string | number,
  depth = 0,
): Place | undefined {
  const node = resolveAlias(document, parent);
  if (isSeq(node) && typeof part === 'number') {
    const value = node.items[part] as Node | undefined;
    return value && { value };
  }
  if (!isMap(node) || depth > MAX_MERGE_DEPTH) return undefined;
  const { own, merges } = indexOf(node);
  const pair = own.get(String(part));
  if (pair !== undefined) return pair;
  for (const { value } of merges) {
    const merged = resolveAlias(document, value);
    for (const base of isSeq<Node>(merged) ? merged.items : [merged]) {
      const found = memberOf(document, base, part, depth + 1);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** The pairs of a map by the text of their keys, and those that take over others. */
interface MapIndex {
  readonly own: ReadonlyMap<string, Pair<Node, Node | null>>;
  readonly merges: readonly Pair<Node, Node | null>[];
}

/** Thousands of faults must not each search through thousands of cameras. */
const indexes = new WeakMap<YAMLMap, MapIndex>();

function indexOf(map: YAMLMap): MapIndex {
  let index = indexes.get(map);
  if (index === undefined) {
    const pairs = map.items as Pair<Node, Node | null>[];
    const own = pairs.filter(({ key }) => !isMergeKey(key));
    const merges = pairs.filter(({ key }) => isMergeKey(key));
    index = { own: new Map(own.map((pair) => [keyText(pair.key), pair])), merges };
    indexes.set(map, index);
  }
  return index;
}
