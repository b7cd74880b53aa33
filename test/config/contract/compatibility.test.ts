import { breakingChanges, presentContract } from '../../../config/contract/compatibility';
import { brokenPromises } from '../../../config/contract/files';

type Schema = Record<string, unknown>;

/** What a test changes of a contract, by hand. */
interface Draft {
  version: number;
  readonly keys: Record<string, { key: string; fields: string[] }>;
  readonly types: Record<string, { readonly properties: Record<string, Schema> }>;
}

const before = presentContract();

/** The lines that a change is refused with. */
function refusals(change: (draft: Draft) => void): readonly string[] {
  const draft = JSON.parse(JSON.stringify(before)) as Draft;
  change(draft);
  return breakingChanges(before, draft);
}

const dataOf = ({ types }: Draft, type: string) =>
  types[type]!.properties.data as {
    readonly properties: Record<string, Schema>;
    readonly required: string[];
  };

const remove = (list: string[], value: string) => list.splice(list.indexOf(value), 1);

const breaks: readonly (readonly [what: string, change: (draft: Draft) => void, told: string])[] = [
  ['a type is gone', ({ types }) => delete types['zone.left'], 'zone.left: expected the type, which is gone'],
  [
    'a type is renamed',
    ({ types }) => {
      types['zone.exited'] = types['zone.left']!;
      delete types['zone.left'];
    },
    'zone.left: expected the type, which is gone',
  ],
  [
    'a field is gone',
    (draft) => {
      delete dataOf(draft, 'track.ended').properties.hits;
      remove(dataOf(draft, 'track.ended').required, 'hits');
    },
    'track.ended.data.hits: expected the field, which is gone',
  ],
  [
    'an optional field is renamed',
    (draft) => {
      const { properties } = dataOf(draft, 'track.ended');
      properties.bestPicture = properties.bestFrame!;
      delete properties.bestFrame;
    },
    'track.ended.data.bestFrame: expected the field, which is gone',
  ],
  [
    'an attribute of the envelope is gone',
    ({ types }) => delete types['track.started']!.properties.time,
    'track.started.time: expected the field, which is gone',
  ],
  [
    'what was always there becomes optional',
    (draft) => remove(dataOf(draft, 'track.started').required, 'box'),
    'track.started.data.box: expected it in every event, got an optional field',
  ],
  [
    'what was optional becomes required',
    (draft) => dataOf(draft, 'track.updated').required.push('hits'),
    'track.updated.data.hits: expected an optional field, which old events lack, got a required one',
  ],
  [
    'a new field is required',
    (draft) => {
      dataOf(draft, 'track.started').properties.colour = { type: 'string' };
      dataOf(draft, 'track.started').required.push('colour');
    },
    'track.started.data.colour: expected a new field to be optional',
  ],
  [
    'a number becomes text',
    (draft) => (dataOf(draft, 'zone.left').properties.dwellMs!.type = 'string'),
    'zone.left.data.dwellMs: expected type "number", got "string"',
  ],
  [
    'a type of values is widened',
    (draft) => (dataOf(draft, 'zone.left').properties.dwellMs!.type = ['number', 'null']),
    'zone.left.data.dwellMs: expected type "number", got ["number","null"]',
  ],
  [
    'a whole number may have a fraction',
    (draft) => (dataOf(draft, 'occupancy.changed').properties.count!.type = 'number'),
    'occupancy.changed.data.count: expected type "integer", got "number"',
  ],
  [
    'a range is widened',
    (draft) => delete dataOf(draft, 'track.started').properties.score!.maximum,
    'track.started.data.score: expected maximum 1, got none',
  ],
  [
    'a range is narrowed',
    (draft) => (dataOf(draft, 'track.ended').properties.path!.maxItems = 32),
    'track.ended.data.path: expected maxItems 64, got 32',
  ],
  [
    'a pattern is another',
    ({ types }) => (types['track.started']!.properties.id!.pattern = '^[0-9a-f]{40}$'),
    'track.started.id: expected pattern "^[a-z2-7]{32}$", got "^[0-9a-f]{40}$"',
  ],
  [
    'a field inside a field is gone',
    (draft) => delete (dataOf(draft, 'track.started').properties.speed!.properties as Schema).unit,
    'track.started.data.speed.unit: expected the field, which is gone',
  ],
  [
    'a list of fixed length is longer',
    (draft) =>
      (dataOf(draft, 'track.started').properties.box!.prefixItems as Schema[]).push({ type: 'number' }),
    'track.started.data.box: expected a list of 4, got one of 5',
  ],
  [
    'its members are of another type',
    (draft) =>
      ((dataOf(draft, 'track.started').properties.box!.prefixItems as Schema[])[2] = { type: 'string' }),
    'track.started.data.box[2]: expected type "number", got "string"',
  ],
  [
    'members of a list are of another type',
    (draft) => ((dataOf(draft, 'track.ended').properties.path!.items as Schema).type = 'string'),
    'track.ended.data.path[]: expected type "array", got "string"',
  ],
  [
    'a closed list has a new value',
    (draft) => (dataOf(draft, 'line.crossed').properties.direction!.enum as string[]).push('along'),
    'line.crossed.data.direction: expected no new value of a closed list, got "along"',
  ],
  [
    'a closed list loses a value, which old events have',
    (draft) => (dataOf(draft, 'line.crossed').properties.direction!.enum = ['in']),
    'line.crossed.data.direction: expected the value "out", which old events have',
  ],
  [
    'a closed list is opened',
    (draft) => {
      const { direction } = dataOf(draft, 'line.crossed').properties;
      direction!.anyOf = [{ enum: direction!.enum }, {}];
      delete direction!.enum;
    },
    'line.crossed.data.direction: expected a closed list of values, got an open one',
  ],
  [
    'an open list is closed',
    (draft) => (dataOf(draft, 'track.ended').properties.reason = { type: 'string', enum: ['lost'] }),
    'track.ended.data.reason: expected an open list of values, got a closed one',
  ],
  [
    'text is limited to a list',
    (draft) => (dataOf(draft, 'track.started').properties.label!.enum = ['person']),
    'track.started.data.label: expected none, got ["person"]',
  ],
  [
    'unknown fields are forbidden',
    (draft) => Object.assign(dataOf(draft, 'track.started'), { additionalProperties: false }),
    'track.started.data: expected additionalProperties none, got false',
  ],
  [
    'the stream has another key',
    ({ keys }) => (keys.events!.key = '<namespace>:log:<shard>'),
    'events: expected the key <namespace>:events:<shard>, got <namespace>:log:<shard>',
  ],
  [
    'a stream is gone',
    ({ keys }) => delete keys.late,
    'late: expected the key {<namespace>:events:<shard>}:late, got none',
  ],
  [
    'a field of entries is gone',
    ({ keys }) => remove(keys.events!.fields, 'seq'),
    'events: expected the field seq, which is gone or renamed',
  ],
];

const additions: readonly (readonly [what: string, change: (draft: Draft) => void])[] = [
  ['a new type', ({ types }) => (types['door.opened'] = types['zone.entered']!)],
  ['a new optional field', (draft) => (dataOf(draft, 'track.ended').properties.colour = { type: 'string' })],
  [
    'a new value of an open list',
    (draft) =>
      (dataOf(draft, 'track.ended').properties.reason!.anyOf as { enum: string[] }[])[0]!.enum.push('merged'),
  ],
  [
    'a value of an open list that is not written any more',
    (draft) => (dataOf(draft, 'track.ended').properties.reason!.anyOf as { enum: string[] }[])[0]!.enum.pop(),
  ],
  ['a new field of entries', ({ keys }) => keys.events!.fields.push('source')],
  ['a new stream', ({ keys }) => (keys.pictures = { key: '<namespace>:pictures', fields: ['data'] })],
];

describe('breakingChanges', () => {
  it.each(breaks)('refuses: %s', (_what, change, told) => {
    const lines = refusals(change);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(told);
  });

  it.each(additions)('lets pass: %s', (_what, change) => {
    expect(refusals(change)).toEqual([]);
  });

  it.each(breaks)('lets pass where the major version moves: %s', (_what, change) => {
    const moved = (draft: Draft) => {
      change(draft);
      draft.version += 1;
    };
    expect(refusals(moved)).toEqual([]);
  });

  it('tells every break of a change', () => {
    const change = ({ types }: Draft) => {
      delete types['zone.left'];
      delete types['line.crossed'];
    };
    expect(refusals(change)).toHaveLength(2);
  });
});

describe('the present contract', () => {
  it('breaks nothing that its major version has promised', () => {
    expect(brokenPromises()).toEqual([]);
  });

  it('holds no texts, so that wording may change', () => {
    expect(JSON.stringify(before)).not.toMatch(/"(description|title|examples|\$id)":/);
  });
});
