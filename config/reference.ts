import { expectedOf, schemaTree } from './schema-tree';
import type { SchemaNode } from './schema-tree';

const HEAD = `# Configuration

<!-- Generated from schema.ts by \`npx tsx config/generate.ts\`; do not edit. -->

A YAML file, checked by \`sightline validate cameras.yaml\`, which lists every fault with its line. A key that is not listed
here is a fault. [examples/](examples/) holds files to start from; \`sightline schema\` prints the JSON Schema, which is also
[sightline.schema.json](sightline.schema.json).

## Values from outside

| written | stands for |
| --- | --- |
| \`\${NAME}\` | the environment variable NAME; unset or empty is a fault |
| \`\${NAME:-text}\` | the same, or \`text\` where it is unset or empty |
| \`\${file:/run/secrets/name}\` | the content of a file, without the line break at its end |
| \`$\${\` | a plain \`\${\` |

They may stand anywhere in a value. Within the user name and password of a URL what is filled in is percent-encoded: give a
password as it is, whatever it holds. Except in names and paths, what was filled in is hidden in
everything Sightline prints. Within \`{ }\` and \`[ ]\` YAML wants such a text quoted.
`;

/** The reference of all keys in Markdown, generated from the schema. */
export function configReference(): string {
  return [HEAD, ...sectionsOf('', schemaTree)].join('\n');
}

function sectionsOf(prefix: string, node: SchemaNode): string[] {
  const entries = Object.entries(node.properties ?? {});
  const rows = entries.map(([key, child]) => rowOf(key, child, node.required?.includes(key) ?? false));
  const title = prefix === '' ? 'Top level' : `\`${prefix}\``;
  const heading = [`## ${title}`, '', ...(node.description === undefined ? [] : [node.description, ''])];
  const table = ['| key | value | default | meaning |', '| --- | --- | --- | --- |', ...rows, ''];
  const own = entries.length === 0 ? [] : [[...heading, ...table].join('\n')];
  return [...own, ...entries.flatMap(([key, child]) => nestedSections(join(prefix, key), child))];
}

function nestedSections(path: string, node: SchemaNode): string[] {
  if (node.properties !== undefined) return sectionsOf(path, node);
  if (node.additionalProperties) {
    const { oneOf } = node.additionalProperties;
    return oneOf === undefined
      ? sectionsOf(`${path}.<name>`, node.additionalProperties)
      : sectionsOfKinds(`${path}.<name>`, oneOf);
  }
  const choice = node.anyOf?.find(({ properties }) => properties !== undefined);
  if (choice !== undefined) return sectionsOf(path, choice);
  if (node.items?.properties !== undefined) return sectionsOf(`${path}[]`, node.items);
  return sectionsOfKinds(`${path}[]`, node.items?.oneOf ?? []);
}

function sectionsOfKinds(path: string, kinds: readonly SchemaNode[]): string[] {
  return kinds.flatMap((kind) =>
    sectionsOf(`${path} (type: ${String(kind.properties?.type?.const ?? '')})`, kind),
  );
}

function join(prefix: string, key: string): string {
  return prefix === '' ? key : `${prefix}.${key}`;
}

function rowOf(key: string, node: SchemaNode, isRequired: boolean): string {
  const isMap = node.properties !== undefined || node.additionalProperties !== undefined;
  const shownDefault = isRequired ? 'required' : defaultOf(node, isMap);
  const cells = [`\`${key}\``, isMap ? 'a map' : expectedOf(node), shownDefault, node.description ?? ''];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function defaultOf({ default: value }: SchemaNode, isMap: boolean): string {
  return value === undefined || isMap
    ? ''
    : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
