import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Document, Node, YAMLError } from 'yaml';
import { redact } from '../models/domain/redact';
import type { ConfigFault, ConfigPath, TextPosition } from './config-error';
import { quote } from './quote';

/** A YAML text with the places of everything in it. */
export interface YamlDocument {
  readonly document: Document.Parsed;
  /** Position of an offset in the text. */
  readonly positionOf: (offset: number) => TextPosition;
  /** The node at a path, through aliases and merge keys. */
  readonly nodeAt: (path: ConfigPath) => Node | undefined;
  /** Position of a value (or its key), or of the nearest thing around it that is written down. */
  readonly locate: (path: ConfigPath, part?: 'key' | 'value') => TextPosition | undefined;
}

type Result = { readonly yaml: YamlDocument } | { readonly faults: readonly ConfigFault[] };

/** Parses YAML 1.2 with merge keys. Does not throw for any text. */
export function readYaml(text: string): Result {
  const lines = new LineCounter();
  const positionOf = (offset: number): TextPosition => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  if (isNestedTooDeeply(text)) return { faults: [{ path: '', message: TOO_DEEP }] };
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const faults = [...syntaxFaults(document, text, positionOf), ...nodeFaults(document, positionOf)];
  if (faults.length > 0) return { faults };
  return {
    yaml: {
      document,
      positionOf,
      nodeAt: (path) => placeAt(document, path)?.value ?? undefined,
      locate: (path, part = 'value') => {
        const offset = offsetOf(document, path, part);
        return offset === undefined ? undefined : positionOf(offset);
      },
    },
  };
}

/** The text of a key, whatever it is written as. */
export function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

const TOO_DEEP = 'expected YAML, got something nested too deeply to read';
const MAX_DEPTH = 200;

/**
 * Told from brackets and indentation before the parser sees the text: it descends by recursion (yaml 2.9), and with the
 * stack nearly used up V8 ends the whole process where it compiles a regular expression.
 */
function isNestedTooDeeply(text: string): boolean {
  let depth = 0;
  for (const sign of text) {
    if (sign === '[' || sign === '{') depth++;
    else if ((sign === ']' || sign === '}') && depth > 0) depth--;
    if (depth > MAX_DEPTH) return true;
  }
  return /^[ \t?:-]{200}/m.test(text);
}

/** Faults that do not come from one another; after the first of any other kind the rest is echo. */
const INDEPENDENT_FAULTS = new Set(['DUPLICATE_KEY', 'TAG_RESOLVE_FAILED']);

function syntaxFaults(
  { errors, warnings }: Document.Parsed,
  text: string,
  positionOf: YamlDocument['positionOf'],
): ConfigFault[] {
  const all = [...errors, ...warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  const first = all.find(({ code }) => !INDEPENDENT_FAULTS.has(code));
  return all
    .filter((error) => error === first || INDEPENDENT_FAULTS.has(error.code))
    .map((error) => ({ path: '', ...positionOf(error.pos[0]), message: syntaxMessage(error, text) }));
}

function syntaxMessage({ code, message, pos: [offset] }: YAMLError, text: string): string {
  if (code === 'DUPLICATE_KEY') {
    const key = /^[^\s:,{}]{0,63}/.exec(text.slice(offset))?.[0] ?? '';
    return `expected each key once, got ${quote(key)} again`;
  }
  if (code === 'MULTIPLE_DOCS') return 'expected one document, got several';
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1).split('\n', 1)[0] ?? '';
  const hint = line.includes('${') ? '; within { } or [ ] a text with ${…} has to be quoted' : '';
  // Some messages end in the text at fault, which may be a password.
  const reason = redact(message.replace(/: ["'`].*$/s, '').replace(/\s+/g, ' '));
  return `expected YAML, got a fault: ${reason}${hint}`;
}

/** What YAML allows and a configuration does not. */
function nodeFaults(document: Document.Parsed, positionOf: YamlDocument['positionOf']): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const add = ({ range }: Node, expected: string, got: string) =>
    faults.push({
      path: '',
      ...positionOf(range?.[0] ?? 0),
      message: `expected ${expected}, got ${quote(got)}`,
    });
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document) === undefined) add(alias, 'the name of an anchor above', alias.source);
    },
    Pair(_key, { key }) {
      // "__proto__" would vanish on its way through an object; a list or map as a key is a slip of brackets.
      if (!isScalar(key) || key.value === '__proto__')
        add(key as Node, 'a plain name as a key', keyText(key));
    },
  });
  return faults;
}

interface Place {
  readonly key?: Node | null;
  readonly value?: Node | null;
}

function placeAt(document: Document.Parsed, path: ConfigPath): Place | undefined {
  let place: Place | undefined = { value: document.contents };
  for (const part of path) {
    place = memberOf(document, place.value, part);
    if (place === undefined) return undefined;
  }
  return { ...place, value: resolve(document, place.value) ?? null };
}

/** Merge keys may lead in a circle. */
const MAX_MERGE_DEPTH = 16;

function memberOf(
  document: Document.Parsed,
  parent: Node | null | undefined,
  part: string | number,
  depth = 0,
): Place | undefined {
  const node = resolve(document, parent);
  if (isSeq(node) && typeof part === 'number') {
    const value = node.items[part] as Node | undefined;
    return value && { value };
  }
  if (!isMap(node) || depth > MAX_MERGE_DEPTH) return undefined;
  const own = node.items.find((pair) => keyText(pair.key) === String(part));
  if (own !== undefined) return { key: own.key as Node, value: own.value as Node | null };
  const merged = resolve(document, node.items.find(({ key }) => isMergeKey(key))?.value as Node | undefined);
  for (const base of isSeq<Node>(merged) ? merged.items : [merged]) {
    const found = memberOf(document, base, part, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Its value is a symbol (yaml 2.9), so that no text can be taken for it. */
function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.source === '<<';
}

function resolve(document: Document.Parsed, node: Node | null | undefined): Node | null | undefined {
  return isAlias(node) ? node.resolve(document) : node;
}

function offsetOf(document: Document.Parsed, path: ConfigPath, part: 'key' | 'value'): number | undefined {
  const place = placeAt(document, path);
  const node = place && (part === 'key' ? (place.key ?? place.value) : (place.value ?? place.key));
  const offset = node?.range?.[0];
  if (offset !== undefined) return offset;
  return path.length === 0 ? undefined : offsetOf(document, path.slice(0, -1), 'key');
}
