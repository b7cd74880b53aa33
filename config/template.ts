import { percentEncode } from '../models/domain/redact';

/** A part of a text of the configuration file. */
type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string; readonly fallback?: string }
  | { readonly kind: 'file'; readonly path: string };

/** Where the values of a template come from. */
export interface TemplateSources {
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Content of a file with a secret; throws an Error that says why there is none. */
  readonly readSecret: (path: string) => string;
}

export interface ExpandedTemplate {
  readonly text: string;
  /** What was filled in, plain and as it stands in `text`. */
  readonly values: readonly string[];
  /** Those of `values` that came out of files. */
  readonly fileValues: readonly string[];
  /** `expected …, got …` for each part that could not be filled in; the text is not to be used then. */
  readonly faults: readonly string[];
}

/** True when the text holds something to fill in or to unescape. */
export function isTemplate(text: string): boolean {
  return text.includes('${');
}

/**
 * Fills in `${NAME}`, `${NAME:-default}` (also used when NAME is empty) and `${file:/path}`; `$${` stands for a plain `${`.
 *
 * What is filled into the user name or password of a URL is percent-encoded there, so that a password may hold any
 * character.
 */
export function expandTemplate(template: string, sources: TemplateSources): ExpandedTemplate {
  const faults: string[] = [];
  const parts = parseTemplate(template, faults);
  const userinfo = userinfoOf(parts);
  const values = new Set<string>();
  const fileValues = new Set<string>();
  let text = '';
  parts.forEach((part, index) => {
    if (part.kind === 'text') {
      text += part.text;
      return;
    }
    const value = valueOf(part, sources, faults);
    const filledIn = userinfo.has(index)
      ? encodeCredential(value, userinfo.size === 1 && isAlone(parts, index))
      : value;
    for (const form of [value, filledIn].filter((some) => some !== '')) {
      values.add(form);
      if (part.kind === 'file') fileValues.add(form);
    }
    text += filledIn;
  });
  return { text, values: [...values], fileValues: [...fileValues], faults };
}

/** The template for people: defaults, which may be secrets too, left out. */
export function describeTemplate(template: string): string {
  return template.replace(/(\$\$\{)|\$\{(\w+):-[^}]*\}/g, (all, escaped: string | undefined, name: string) =>
    escaped === undefined ? `\${${name}}` : all,
  );
}

function parseTemplate(template: string, faults: string[]): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let textFrom = 0;
  for (const match of template.matchAll(/(\$\$\{)|\$\{([^}]*)(\}?)/g)) {
    const [all, escaped, body = '', end] = match;
    parts.push({ kind: 'text', text: template.slice(textFrom, match.index) });
    textFrom = match.index + all.length;
    const part = escaped === undefined && end === '}' ? parseReference(body) : undefined;
    if (escaped !== undefined) parts.push({ kind: 'text', text: '${' });
    else if (part !== undefined) parts.push(part);
    else {
      const got = end === '}' ? 'something else between "${" and "}"' : '"${" without "}"';
      faults.push(
        `expected \${NAME}, \${NAME:-default} or \${file:/path} (write $\${ for a plain \${), got ${got}`,
      );
    }
  }
  parts.push({ kind: 'text', text: template.slice(textFrom) });
  return parts;
}

function parseReference(body: string): TemplatePart | undefined {
  const variable = /^([A-Za-z_]\w*)(?::-(.*))?$/s.exec(body);
  if (variable !== null) {
    const [, name = '', fallback] = variable;
    return { kind: 'variable', name, ...(fallback !== undefined && { fallback }) };
  }
  const path = /^file:(.+)$/s.exec(body)?.[1];
  return path === undefined ? undefined : { kind: 'file', path };
}

function valueOf(
  part: Exclude<TemplatePart, { kind: 'text' }>,
  { env, readSecret }: TemplateSources,
  faults: string[],
): string {
  if (part.kind === 'file') {
    try {
      return readSecret(part.path);
    } catch (error) {
      faults.push(
        `expected a file with a secret at ${part.path}, got ${error instanceof Error ? error.message : 'none'}`,
      );
      return '';
    }
  }
  const value = env[part.name] ?? '';
  if (value !== '') return value;
  if (part.fallback === undefined) {
    const got =
      env[part.name] === undefined ? 'none' : `an empty one (write \${${part.name}:-} to allow that)`;
    faults.push(`expected the environment variable ${part.name}, got ${got}`);
  }
  return part.fallback ?? '';
}

/** Indexes of the parts that are filled into the user name or password of a URL. */
function userinfoOf(parts: readonly TemplatePart[]): ReadonlySet<number> {
  // One sign stands for each part to be filled in, so that positions in this text tell parts apart.
  const BLANK = '\0';
  const text = parts
    .map((part) => (part.kind === 'text' ? part.text.replaceAll(BLANK, ' ') : BLANK))
    .join('');
  const [, scheme = '', authority = ''] = /^([^/?#]*:\/\/)([^/?#]*)/.exec(text) ?? [];
  const end = scheme.length + authority.lastIndexOf('@');
  const inside = new Set<number>();
  let position = 0;
  parts.forEach((part, index) => {
    if (part.kind !== 'text' && position >= scheme.length && position < end) inside.add(index);
    position += part.kind === 'text' ? part.text.length : BLANK.length;
  });
  return inside;
}

/** True when a filled-in part is all there is between `//` and `@`. */
function isAlone(parts: readonly TemplatePart[], index: number): boolean {
  const [before, after] = [parts[index - 1], parts[index + 1]];
  return (
    before?.kind === 'text' &&
    before.text.endsWith('//') &&
    after?.kind === 'text' &&
    after.text.startsWith('@')
  );
}

/** A value that is the whole of `user:password` keeps its first colon: no user name of HTTP or RTSP holds one. */
function encodeCredential(value: string, isWhole: boolean): string {
  const colon = value.indexOf(':');
  if (!isWhole || colon < 0) return percentEncode(value);
  return `${percentEncode(value.slice(0, colon))}:${percentEncode(value.slice(colon + 1))}`;
}
