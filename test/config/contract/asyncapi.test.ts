import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { EVENT_TYPES } from '../../../models/domain/event';
import { packageRoot } from '../../../models/support/package-root';

interface Parsed {
  readonly faults: readonly string[];
  readonly summary?: {
    readonly version: string;
    readonly channels: readonly {
      readonly id: string;
      readonly address: string;
      readonly messages: readonly { readonly name: string; readonly headers: readonly string[] }[];
    }[];
    readonly operations: readonly (readonly [id: string, action: string])[];
  };
}

/** The parts of the document that a test looks at or spoils. */
interface AsyncApi {
  channels: Record<string, { address: string }>;
  operations: Record<string, { action: string }>;
  components: {
    messages: Record<string, { payload: unknown; examples: { headers: object; payload: object }[] }>;
    messageTraits: Record<string, { headers: object }>;
    schemas: Record<string, object>;
  };
}

const committed = readFileSync(join(packageRoot, 'models/contract/asyncapi.json'), 'utf8');

function spoilt(change: (document: AsyncApi) => void): string {
  const document = JSON.parse(committed) as AsyncApi;
  change(document);
  return JSON.stringify(document);
}

describe('the AsyncAPI document', () => {
  const wrong = spoilt(({ channels, operations }) => {
    channels.events!.address = '{namespace}:events:{other}';
    operations.appendEvent!.action = 'publish';
  });
  let parsed: readonly Parsed[] = [];

  beforeAll(() => {
    const script = join(packageRoot, 'test/support/parse-asyncapi.cjs');
    const input = JSON.stringify([committed, wrong]);
    parsed = JSON.parse(
      execFileSync(process.execPath, [script], { input, encoding: 'utf8', cwd: packageRoot }),
    ) as Parsed[];
  });

  it('passes the parser, with neither errors nor warnings', () => {
    expect(parsed[0]!.faults).toEqual([]);
    expect(parsed[0]!.summary!.version).toBe('3.0.0');
  });

  it('would not, were it wrong', () => {
    const told = parsed[1]!.faults.join('\n');
    expect(told).toContain('channels.events.parameters: ');
    expect(told).toContain('operations.appendEvent.action: ');
  });

  it('tells of the streams, of every type, and of the fields of entries as headers', () => {
    const { channels, operations } = parsed[0]!.summary!;
    expect(channels.map(({ id, address }) => [id, address])).toEqual([
      ['events', '{namespace}:events:{shard}'],
      ['late', '{hashTag}:late'],
      ['dead', '{hashTag}:dead:{group}'],
    ]);
    expect(channels[0]!.messages.map(({ name }) => name)).toEqual(EVENT_TYPES);
    expect(channels.map(({ messages }) => messages[0]!.headers)).toEqual([
      ['type', 'camera', 'id', 'seq'],
      ['type', 'camera', 'id', 'fence'],
      ['type', 'camera', 'id', 'seq', 'entry', 'deliveries', 'consumer', 'reason'],
    ]);
    expect(operations.map(([, action]) => action)).toEqual(['send', 'send', 'send']);
  });

  it.each(EVENT_TYPES)('has an example of %s that its schemas allow', (type) => {
    const { components } = JSON.parse(committed) as AsyncApi;
    const ajv = new Ajv({ strict: true });
    addFormats(ajv);
    const { payload, examples } = components.messages[type]!;
    expect(payload).toEqual({ $ref: `#/components/schemas/${type}` });
    const [isPayload, isHeaders] = [components.schemas[type]!, components.messageTraits.events!.headers].map(
      (schema) => ajv.compile(schema),
    );
    expect(examples.map((example) => [isPayload!(example.payload), isHeaders!(example.headers)])).toEqual([
      [true, true],
    ]);
  });
});
