import { LineCounter, parseDocument } from 'yaml';
import type { Document, Node } from 'yaml';
import { inOrder } from './config-error';
import type { ConfigFault, ConfigPath, TextPosition } from './config-error';
import { repairDocument, syntaxFault } from './yaml-faults';
import type { Repair } from './yaml-faults';
import { placeAt } from './yaml-path';

/** A YAML text with the places of everything in it, and the faults that left it readable. */
export interface YamlDocument extends Repair {
  readonly document: Document.Parsed;
  /** Position of an offset in the text. */
  readonly positionOf: (offset: number) => TextPosition;
  /** The node at a path, through aliases and merge keys. */
  readonly nodeAt: (path: ConfigPath) => Node | undefined;
  /** Position of a value (or its key), or of the nearest thing around it that is written down. */
  readonly locate: (path: ConfigPath, part?: 'key' | 'value') => TextPosition | undefined;
}

type Result = { readonly yaml: YamlDocument } | { readonly faults: readonly ConfigFault[] };

/** Parses YAML 1.2 with merge keys; gives faults alone where they leave nothing to read. Does not throw for any text. */
export function readYaml(text: string): Result {
  const lines = new LineCounter();
  const positionOf = (offset: number): TextPosition => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  if (isNestedTooDeeply(text)) return { faults: [{ path: '', message: TOO_DEEP }] };
  const document = parseDocument(text, {
    lineCounter: lines,
    merge: true,
    prettyErrors: false,
    uniqueKeys: false,
  });
  const repair = repairDocument(document, positionOf);
  const fault = syntaxFault(document, text, positionOf);
  if (fault !== undefined) return { faults: inOrder([fault, ...repair.faults]) };
  return {
    yaml: {
      ...repair,
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

function offsetOf(document: Document.Parsed, path: ConfigPath, part: 'key' | 'value'): number | undefined {
  const place = placeAt(document, path);
  const node = place && (part === 'key' ? (place.key ?? place.value) : (place.value ?? place.key));
  const offset = node?.range?.[0];
  if (offset !== undefined) return offset;
  return path.length === 0 ? undefined : offsetOf(document, path.slice(0, -1), 'key');
}
