import type { z } from 'zod';
import { formatPath } from './config-error';
import type { ConfigFault, ConfigPath } from './config-error';
import type { ConfigText } from './config-text';
import { quote } from './quote';
import { expectedOf, knownWords, schemaAt, valueAt } from './schema-tree';
import { suggest } from './suggest';

/** What a fault is told from. */
export type FaultContext = Pick<ConfigText, 'value' | 'locate' | 'templateAt' | 'isUnread'>;

/** The message of a check that has none of its own (zod 4). */
const ZOD_DEFAULT = 'Invalid input';

/** What zod found, as faults for people: `expected …, got …`, with positions and without secrets. */
export function toFaults(issues: readonly z.core.$ZodIssue[], context: FaultContext): ConfigFault[] {
  return issues.flatMap((issue) => {
    const path = issue.path.filter((part) => typeof part !== 'symbol');
    switch (issue.code) {
      case 'unrecognized_keys':
        return issue.keys.map((key) => unknownKey([...path, key], context));
      case 'invalid_key':
        return [invalidKey(path, context)];
      case 'invalid_union': {
        const inner = issuesWithin(issue, valueAt(context.value, path));
        if (inner !== undefined) {
          return toFaults(
            inner.map((one) => ({ ...one, path: [...path, ...one.path] })),
            context,
          );
        }
        const kinds = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
        const expected = kinds.length === 0 ? expectedAt(path, context) : `one of ${kinds.join(', ')}`;
        return faultsAt(path, expected, context, kinds);
      }
      case 'custom':
        return faultsAt(
          path,
          issue.message === ZOD_DEFAULT ? expectedAt(path, context) : issue.message,
          context,
        );
      default:
        return faultsAt(path, expectedAt(path, context), context);
    }
  });
}

/** Of a map that could have been something else: what is wrong with it as the map that it is. */
function issuesWithin(
  { errors }: z.core.$ZodIssueInvalidUnion,
  value: unknown,
): readonly z.core.$ZodIssue[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return errors.find((issues) =>
    issues.every(({ code, path }) => path.length > 0 || code === 'unrecognized_keys'),
  );
}

/** The fault of a value that is not what it should be; none where one of the text stands for it already. */
export function faultsAt(
  path: ConfigPath,
  expected: string,
  context: FaultContext,
  words: readonly string[] = wordsAt(path, context),
): ConfigFault[] {
  if (context.isUnread(path)) return [];
  const hint = hintFor(path, context, words);
  const message = `expected ${expected}, got ${describeAt(path, context)}${hint}`;
  return [{ path: formatPath(path), ...context.locate(path), message }];
}

function expectedAt(path: ConfigPath, { value }: FaultContext): string {
  const schema = schemaAt(path, value);
  return schema === undefined ? 'something else' : expectedOf(schema);
}

function wordsAt(path: ConfigPath, { value }: FaultContext): readonly string[] {
  const schema = schemaAt(path, value);
  return schema === undefined ? [] : knownWords(schema);
}

function unknownKey(path: ConfigPath, context: FaultContext): ConfigFault {
  const key = String(path.at(-1));
  const known = Object.keys(schemaAt(path.slice(0, -1), context.value)?.properties ?? {});
  const meant = suggest(key, known);
  const expected =
    meant === undefined ? `one of the keys ${known.join(', ')}` : `a known key (did you mean ${meant}?)`;
  return {
    path: formatPath(path),
    ...context.locate(path, 'key'),
    message: `expected ${expected}, got ${quote(key)}`,
  };
}

function invalidKey(path: ConfigPath, context: FaultContext): ConfigFault {
  const expected =
    schemaAt(path.slice(0, -1), context.value)?.propertyNames?.expected ??
    'a name of 1 to 63 of a-z, 0-9, "_" and "-", starting with a letter or digit';
  return {
    path: formatPath(path),
    ...context.locate(path, 'key'),
    message: `expected ${expected}, got ${quote(String(path.at(-1)))}`,
  };
}

function hintFor(path: ConfigPath, context: FaultContext, words: readonly string[]): string {
  const value = valueAt(context.value, path);
  if (typeof value !== 'string' || context.templateAt(path) !== undefined) return '';
  const meant = suggest(value, words);
  return meant === undefined || meant === value ? '' : ` (did you mean ${meant}?)`;
}

/** What stands at a path, as it was written: never what was filled in. */
function describeAt(path: ConfigPath, context: FaultContext): string {
  const value = valueAt(context.value, path);
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') {
    const { length } = Object.keys(value);
    return length === 0 ? 'an empty map' : `a map of ${length}`;
  }
  const written = context.templateAt(path) ?? value;
  if (schemaAt(path, context.value)?.isSecret === true) return 'another text';
  // JSON has no word for `.nan` and `.inf`.
  if (typeof written === 'number') return String(written);
  return typeof written === 'string' ? quote(written) : JSON.stringify(written);
}
