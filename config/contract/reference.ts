import { exampleEntry, exampleEvent } from './examples';
import { contractModel, valuesOf } from './model';
import type { ContractSchema, Field, TypeModel } from './model';
import { BOXES, LOG_INFO, STREAMS } from './stream-layout';
import type { KeyLayout } from './stream-layout';

/** Parts of the reference page that are made from the code, by the name that its markers give them. */
export function referenceParts(): Readonly<Record<string, string>> {
  const { envelope, camera, track, types } = contractModel();
  const type: Field = {
    name: 'type',
    isOptional: false,
    schema: { type: 'string', description: 'What happened: one of the types below.' },
  };
  const data: Field = {
    name: 'data',
    isOptional: false,
    schema: { type: 'object', description: 'What the type says.' },
  };
  return {
    keys: [LOG_INFO, ...Object.values(STREAMS), BOXES].map(keySection).join('\n\n'),
    entry: fenced('', entryExample()),
    envelope: fieldTable([...envelope, type, data]),
    data: [
      'The data of every event hold',
      fieldTable(camera),
      'and those about a tracked object (`track.*`, `zone.*`, `line.*`, `object.*`) besides',
      fieldTable(track),
    ].join('\n\n'),
    types: types.map(typeSection).join('\n\n'),
  };
}

/** The page with its generated parts as they are now. Throws an Error when the markers of one are missing. */
export function withReferenceParts(page: string): string {
  return Object.entries(referenceParts()).reduce((text, [name, part]) => {
    const [begin, end] = [`<!-- generated: ${name} -->\n`, `<!-- end: ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`reference page: expected ${begin.trim()} and ${end}`);
    return `${text.slice(0, from + begin.length)}${part}\n${text.slice(to)}`;
  }, page);
}

function keySection({ key, description, fields }: KeyLayout): string {
  const rows = fields.map(({ name, description }) => `| \`${name}\` | ${description} |`);
  return [`**\`${key}\`**`, '', description, '', '| field | meaning |', '|---|---|', ...rows].join('\n');
}

/** As `redis-cli` shows an entry. */
function entryExample(): string {
  const fields = { ...exampleEntry('zone.entered'), data: JSON.stringify(exampleEvent('zone.entered')) };
  return [
    '1777636893512-0',
    ...Object.entries(fields).map(([name, value]) => `  ${name.padEnd(6)}  ${value}`),
  ].join('\n');
}

function typeSection({ type, when, base, fields }: TypeModel): string {
  const example = JSON.stringify(exampleEvent(type).data);
  const besides = base === 'track' ? 'the fields of every event of a track' : 'camera and epoch';
  const own = fields.length === 0 ? `Data: ${besides}.` : `Data, beside ${besides}:\n\n${fieldTable(fields)}`;
  return [`### ${type}`, when, own, fenced('json', example)].join('\n\n');
}

function fieldTable(fields: readonly Field[]): string {
  const rows = fields.map(({ name, isOptional, schema }) => {
    const cells = [`\`${name}\``, valueOf(schema), isOptional ? 'optional' : 'always', meaningOf(schema)];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| field | value | present | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function meaningOf(schema: ContractSchema): string {
  const parts = Object.entries(schema.properties ?? {}).map(
    ([name, { description }]) => description && `\`${name}\`: ${description}`,
  );
  return [schema.description, ...parts].filter(Boolean).join(' ');
}

/** What may stand in a field, in words. */
function valueOf(schema: ContractSchema): string {
  const list = valuesOf(schema);
  if (list !== undefined) {
    const values = list.values.map((value) => `\`${value}\``).join(', ');
    return list.isOpen ? `one of ${values}, or a later version's` : values.replace(/, (?=[^,]*$)/, ' or ');
  }
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.prefixItems !== undefined) return `${schema.prefixItems.length} numbers`;
  if (schema.type === 'array' && schema.items)
    return `list of ${valueOf(schema.items)}${schema.maxItems === undefined ? '' : `, at most ${schema.maxItems}`}`;
  if (schema.properties !== undefined)
    return `object of ${Object.entries(schema.properties)
      .map(([name, inner]) => `\`${name}\` (${valueOf(inner)})`)
      .join(', ')}`;
  if (schema.format === 'date-time') return 'text, RFC 3339 in UTC';
  if (schema.type === 'string')
    return schema.pattern === undefined
      ? 'text'
      : `text, \`${schema.pattern.replaceAll('\\/', '/').replaceAll('|', '\\|')}\``;
  return `${schema.type ?? 'anything'}${rangeOf(schema)}`;
}

function rangeOf({ minimum, maximum, exclusiveMinimum }: ContractSchema): string {
  const most = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}`;
  if (minimum !== undefined) return most === undefined ? ` from ${minimum}` : ` ${minimum} to ${most}`;
  return '';
}

const fenced = (language: string, text: string) => `\`\`\`${language}\n${text}\n\`\`\``;
