import { Ajv2020 } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { EVENT_TYPES, eventSchema } from '../../../models/domain/event';
import { eventJsonSchema } from '../../../models/domain/event-json-schema';
import { startedEvent } from '../../support/events';

const ajv = new Ajv2020({ strict: true, allErrors: true });
addFormats(ajv);
const isValid = ajv.compile(eventJsonSchema());

const event = startedEvent(1);
const broken: readonly (readonly [string, unknown])[] = [
  ['an id of another form', { ...event, id: 'abc' }],
  ['a source that is neither camera nor file', { ...event, source: 'sensor/1' }],
  ['an unknown type', { ...event, type: 'track.began' }],
  ['a time without a zone', { ...event, time: '2026-05-01T12:00:00' }],
  ['another version of the contract', { ...event, dataschema: 'urn:sightline:event:2' }],
  ['data of another type', { ...event, type: 'camera.online' }],
  ['a score above 1', { ...event, data: { ...event.data, score: 1.5 } }],
  ['a box with three corners', { ...event, data: { ...event.data, box: [1, 2, 3] } }],
  ['no data', { ...event, data: undefined }],
];

describe('the event contract', () => {
  it('accepts a valid event in zod and in its JSON Schema', () => {
    expect(eventSchema.parse(event)).toEqual(event);
    expect(isValid(event)).toBe(true);
  });

  it.each(broken)('refuses %s in zod and in its JSON Schema', (_what, value) => {
    expect(eventSchema.safeParse(value).success).toBe(false);
    expect(isValid(JSON.parse(JSON.stringify(value)))).toBe(false);
  });

  it('lists its types as "<subject>.<what happened>"', () => {
    expect(EVENT_TYPES).toContain('track.started');
    for (const type of EVENT_TYPES) expect(type).toMatch(/^[a-z]+\.[a-z]+$/);
  });

  it('describes every type in its JSON Schema', () => {
    const { oneOf } = eventJsonSchema() as { oneOf: { properties: { type: { const: string } } }[] };
    expect(oneOf.map(({ properties }) => properties.type.const)).toEqual(EVENT_TYPES);
  });
});
