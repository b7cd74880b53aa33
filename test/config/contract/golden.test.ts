import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { exampleEvent } from '../../../config/contract/examples';
import { contractModel, valuesOf } from '../../../config/contract/model';
import type { Field } from '../../../config/contract/model';
import { EVENT_CONTRACT_VERSION, EVENT_TYPES, eventSchema } from '../../../models/domain/event';
import type { SightlineEvent } from '../../../models/domain/event';
import { packageRoot } from '../../../models/support/package-root';
import {
  createAjvCheck,
  inMilliseconds,
  pythonFaults,
  throughCloudEvents,
} from '../../support/event-validators';
import { describeWithPython } from '../../support/python';

const root = join(packageRoot, 'test/golden/events');
const present = `v${String(EVENT_CONTRACT_VERSION)}`;

/** Every event that was written down for a major version, with the file and case that it stands under. */
function goldenEvents(version: string): [what: string, event: SightlineEvent][] {
  const files = readdirSync(join(root, version)).filter((name) => name !== 'contract.json');
  return files.flatMap((name) => {
    const cases = JSON.parse(readFileSync(join(root, version, name), 'utf8')) as Record<
      string,
      SightlineEvent
    >;
    return Object.entries(cases).map(([what, event]): [string, SightlineEvent] => [
      `${name}: ${what}`,
      event,
    ]);
  });
}

/** The event without what stands at a path, or with something else there. */
function changed(event: SightlineEvent, path: readonly string[], value?: unknown): { type: string } {
  const copy = structuredClone(event) as unknown as Record<string, unknown>;
  const inner = path.slice(0, -1).reduce((at, key) => at[key] as Record<string, unknown>, copy);
  if (value === undefined) Reflect.deleteProperty(inner, path.at(-1)!);
  else inner[path.at(-1)!] = value;
  return copy as { type: string };
}

describe.each(readdirSync(root))('golden events %s', (version) => {
  const golden = goldenEvents(version);
  const fault = createAjvCheck(version);

  it.each(golden)('%s: is valid by ajv and as a CloudEvent, which leaves it as it is', (_what, event) => {
    expect(fault(event)).toBeUndefined();
    expect(throughCloudEvents(event)).toEqual(inMilliseconds(event));
  });

  it('bear ids of their own', () => {
    expect(new Set(golden.map(([, { id }]) => id)).size).toBe(golden.length);
  });

  describeWithPython('jsonschema')("Debian's python3-jsonschema", () => {
    it('finds all of them valid', () => {
      expect(
        pythonFaults(
          version,
          golden.map(([, event]) => event),
        ),
      ).toEqual(golden.map(() => null));
    });
  });
});

describe('the golden events of the present version', () => {
  const golden = goldenEvents(present);
  const ofType = (type: string) => golden.map(([, event]) => event).filter((event) => event.type === type);
  const fault = createAjvCheck(present);

  it.each(golden)('%s: is what the code takes it for', (_what, event) => {
    expect(eventSchema.parse(event)).toEqual(event);
  });

  it.each(EVENT_TYPES)('%s: have what is optional once and lack it once, and every known value', (type) => {
    const { camera, track, types } = contractModel();
    const { base, fields } = types.find((one) => one.type === type)!;
    const all: readonly Field[] = [...camera, ...(base === 'track' ? track : []), ...fields];
    const events = ofType(type).map(({ data }) => data as unknown as Record<string, unknown>);
    for (const { name, isOptional, schema } of all) {
      const isThere = events.map((data) => data[name] !== undefined);
      expect([name, new Set(isThere)]).toEqual([name, new Set(isOptional ? [true, false] : [true])]);
      const told = new Set(events.map((data) => data[name]));
      for (const value of valuesOf(schema)?.values ?? []) expect(told).toContain(value);
    }
  });

  it.each(EVENT_TYPES)('%s: the example of the documents is valid', (type) => {
    const event = exampleEvent(type);
    expect(eventSchema.parse(event)).toEqual(event);
    expect(fault(event)).toBeUndefined();
    expect(throughCloudEvents(event)).toEqual(inMilliseconds(event));
  });

  const [first] = golden.map(([, event]) => event).filter(({ type }) => type === 'track.ended');
  const wrong: [what: string, event: { type: string }][] = [
    ...EVENT_TYPES.flatMap((type) => {
      const [event] = ofType(type);
      const optional = new Set(
        contractModel()
          .types.flatMap(({ fields }) => fields.filter(({ isOptional }) => isOptional))
          .map(({ name }) => name),
      );
      for (const { name, isOptional } of contractModel().track) if (isOptional) optional.add(name);
      const always = [
        ...Object.keys(event!).map((key) => [key]),
        ...Object.keys(event!.data).map((key) => ['data', key]),
      ].filter((path) => !optional.has(path.at(-1)!) && path.join() !== 'type');
      return always.map((path): [string, { type: string }] => [
        `${type} without ${path.join('.')}`,
        changed(event!, path),
      ]);
    }),
    ['a type that is none', changed(first!, ['type'], 'track.finished')],
    ['a time without its zone', changed(first!, ['time'], '2026-05-01T12:00:00')],
    ['a time in another zone', changed(first!, ['time'], '2026-05-01T12:00:00+02:00')],
    ['an id of capitals', changed(first!, ['id'], 'A'.repeat(32))],
    ['another major version', changed(first!, ['dataschema'], 'urn:sightline:event:2')],
    ['65 points', changed(first!, ['data', 'path'], Array(65).fill([0, 0]))],
    ['a point of three numbers', changed(first!, ['data', 'path'], [[0, 0, 0]])],
    ['a number as text', changed(first!, ['data', 'ptsMs'], '200')],
    ['null for what is optional', changed(first!, ['data', 'bestFrame'], null)],
    ['another unit', changed(first!, ['data', 'speed', 'unit'], 'km/h')],
  ];

  it.each(wrong)('refused by the code and by ajv: %s', (_what, event) => {
    expect(eventSchema.safeParse(event).success).toBe(false);
    expect(fault(event)).toBeDefined();
  });

  const newer: [what: string, event: { type: string }][] = [
    ['a field that is not known', changed(first!, ['data', 'colour'], 'red')],
    ['a further attribute', changed(first!, ['partitionkey'], 'front')],
    ['a reason that is not known', changed(first!, ['data', 'reason'], 'merged')],
    ['a cause that is not known', changed(ofType('camera.offline')[0]!, ['data', 'cause'], 'asleep')],
    ['another cause that is not known', changed(ofType('camera.degraded')[0]!, ['data', 'cause'], 'foggy')],
  ];

  it.each(newer)('valid for readers, as of a later version: %s', (_what, event) => {
    expect(fault(event)).toBeUndefined();
  });

  describeWithPython('jsonschema')("Debian's python3-jsonschema", () => {
    it('refuses and accepts the same', () => {
      const [refused, accepted] = [wrong, newer].map((list) =>
        pythonFaults(
          present,
          list.map(([, event]) => event),
        ),
      );
      expect(wrong.map(([what]) => what).filter((_what, index) => refused![index] === null)).toEqual([]);
      expect(accepted).toEqual(newer.map(() => null));
    });
  });
});
