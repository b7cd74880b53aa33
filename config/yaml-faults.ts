import { Scalar, isAlias, isMap, isScalar, isSeq, visit } from 'yaml';
import type { Alias, Document, Node, YAMLError } from 'yaml';
import { redact } from '../models/domain/redact';
import { formatPath } from './config-error';
import type { ConfigFault, TextPosition } from './config-error';
import { quote } from './quote';
import { isMergeKey, keyText, pathOf, resolveAlias } from './yaml-path';

type PositionOf = (offset: number) => TextPosition;

/** What was wrong with a document, now that the rest of it can be read. */
export interface Repair {
  readonly faults: readonly ConfigFault[];
  /** What could not be read as it was meant: values, and maps that lack something. Neither may be blamed for what it is not. */
  readonly unread: ReadonlySet<Node>;
}

/**
 * Finds what YAML allows and a configuration does not, and takes out of the document what would keep the rest from being
 * read: one fault must not hide another. A key that stands there twice stays; the last one counts.
 */
export function repairDocument(document: Document.Parsed, positionOf: PositionOf): Repair {
  const faults: ConfigFault[] = [];
  const unread = new Set<Node>();
  const add = ({ range }: Node, chain: readonly unknown[], message: string) => {
    faults.push({ path: formatPath(pathOf(chain)), ...positionOf(range?.[0] ?? 0), message });
  };
  visit(document, {
    Map(_key, map, ancestors) {
      const seen = new Set<string>();
      for (const pair of map.items) {
        const name = keyText(pair.key);
        if (seen.has(name))
          add(pair.key as Node, [...ancestors, pair], `expected each key once, got ${quote(name)} again`);
        seen.add(name);
      }
    },
    Pair(_key, pair, ancestors) {
      const key = pair.key as Node;
      const map = ancestors.at(-1);
      // "__proto__" would vanish on its way through an object; a list or map as a key is a slip of brackets.
      const isName = isScalar(key) && key.value !== '__proto__';
      if (!isName) add(key, ancestors, `expected a plain name as a key, got ${quote(keyText(key))}`);
      const mergeFault = isMergeKey(key) ? findMergeFault(document, pair.value as Node | null) : undefined;
      if (mergeFault !== undefined) add((pair.value ?? key) as Node, [...ancestors, pair], mergeFault);
      if (isName && mergeFault === undefined) return undefined;
      if (isMap(map)) unread.add(map);
      return visit.REMOVE;
    },
    Alias(_key, alias, ancestors) {
      if (alias.resolve(document) !== undefined) return undefined;
      add(alias, [...ancestors, alias], noAnchor(alias));
      const nothing = Object.assign(new Scalar(null), { range: alias.range ?? null });
      unread.add(nothing);
      return nothing;
    },
  });
  for (const { error, node, chain } of unresolvedTags(document)) {
    add(node, chain, syntaxMessage(error, ''));
    if (isScalar(node)) unread.add(node);
  }
  return { faults, unread };
}

/** The first fault after which the parser only guesses, so that whatever else it says is echo. */
export function syntaxFault(
  { errors, warnings }: Document.Parsed,
  text: string,
  positionOf: PositionOf,
): ConfigFault | undefined {
  const [first] = [...errors, ...warnings]
    .filter(({ code }) => code !== 'TAG_RESOLVE_FAILED')
    .sort((a, b) => a.pos[0] - b.pos[0]);
  return first && { path: '', ...positionOf(first.pos[0]), message: syntaxMessage(first, text) };
}

function syntaxMessage({ code, message, pos: [offset] }: YAMLError, text: string): string {
  if (code === 'MULTIPLE_DOCS') return 'expected one document, got several';
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1).split('\n', 1)[0] ?? '';
  const hint = line.includes('${') ? '; within { } or [ ] a text with ${…} has to be quoted' : '';
  // Some messages end in the text at fault, which may be a password.
  const reason = redact(message.replace(/: ["'`].*$/s, '').replace(/\s+/g, ' '));
  return `expected YAML, got a fault: ${reason}${hint}`;
}

function noAnchor({ source }: Alias): string {
  return `expected the name of an anchor above, got ${quote(source)}`;
}

/** What `<<` takes over must be a map or a list of maps. */
function findMergeFault(document: Document.Parsed, value: Node | null): string | undefined {
  const source = resolveAlias(document, value);
  const bases: readonly (Node | null)[] = isSeq<Node>(source) ? source.items : [value];
  const wrong = bases.find((base) => !isMap(resolveAlias(document, base)));
  if (wrong === undefined) return undefined;
  if (isAlias(wrong) && wrong.resolve(document) === undefined) return noAnchor(wrong);
  const got = isScalar<string | number | boolean | null>(wrong) ? String(wrong.value ?? 'nothing') : 'a list';
  return `expected a map to take over, such as *gate, got ${quote(got)}`;
}

/** Tags that stand for nothing here, each with the value that bears it: the parser tells no more than an offset. */
function unresolvedTags(document: Document.Parsed) {
  const errors = [...document.errors, ...document.warnings].filter(
    ({ code }) => code === 'TAG_RESOLVE_FAILED',
  );
  const tagged: { readonly node: Node; readonly chain: readonly unknown[]; readonly start: number }[] = [];
  if (errors.length > 0) {
    visit(document, {
      Node(_key, node, ancestors) {
        const start = node.range?.[0];
        if (node.tag !== undefined && start !== undefined)
          tagged.push({ node, chain: [...ancestors, node], start });
      },
    });
  }
  return errors.flatMap((error) => {
    const bearers = tagged.filter(({ start }) => start >= error.pos[0]);
    const bearer = bearers.sort((a, b) => a.start - b.start)[0];
    return bearer === undefined ? [] : [{ error, ...bearer }];
  });
}
