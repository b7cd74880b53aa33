import { EVENT_CONTRACT_VERSION, EVENT_TYPES, eventSchema } from '../../models/domain/event';
import type { EventType } from '../../models/domain/event';
import { eventTypeJsonSchema } from '../../models/domain/event-json-schema';
import { exampleEntry, exampleEvent } from './examples';
import { BOXES, LOG_INFO, PAYLOAD_FIELD, STREAMS } from './stream-layout';
import type { EntryField, KeyLayout, StreamName } from './stream-layout';

/** The specification leaves the Redis binding empty: what there is to say of streams stands in `x-redis-stream`. */
const BINDINGS = { redis: {} };

const NAMESPACE = {
  default: 'sightline',
  description: 'Names an installation: 1 to 32 of a-z, 0-9 and "-", not starting with "-".',
};
const HASH_TAG = {
  description:
    'Key of the events stream the entries come from, in braces: a Redis Cluster keeps both in one place.',
  examples: ['{sightline:events:0}'],
};

/** The event log as AsyncAPI 3.0, seen from Sightline: it sends. */
export function contractAsyncApi(): Record<string, unknown> {
  return {
    asyncapi: '3.0.0',
    id: `urn:sightline:events:${String(EVENT_CONTRACT_VERSION)}`,
    info: {
      title: 'Sightline events',
      version: `${String(EVENT_CONTRACT_VERSION)}.0.0`,
      description: [
        'What cameras saw, as CloudEvents 1.0 on Redis Streams, at least once and in order within a camera.',
        '`models/contract/README.md` says what readers can rely on, and what they have to expect.',
      ].join(' '),
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: { redis: server('redis', 'plain'), rediss: server('rediss', 'over TLS') },
    channels: channels(),
    operations: {
      appendEvent: {
        action: 'send',
        channel: { $ref: '#/channels/events' },
        summary: 'Appends the events of a camera, each batch in one step.',
        bindings: BINDINGS,
        'x-redis-commands': ['XADD'],
      },
      setLateEventAside: {
        action: 'send',
        channel: { $ref: '#/channels/late' },
        summary: 'Sets events aside that came from an owner of the camera who had been superseded.',
        bindings: BINDINGS,
        'x-redis-commands': ['XADD'],
      },
      setDeadEventAside: {
        action: 'send',
        channel: { $ref: '#/channels/dead' },
        summary:
          'A reader sets an entry aside that its group was given too often, and acknowledges it, in one step.',
        bindings: BINDINGS,
        'x-redis-commands': ['XADD', 'XACK'],
      },
    },
    components: components(),
    'x-redis-keys': { info: { type: 'hash', ...LOG_INFO }, boxes: { type: 'stream', ...BOXES } },
  };
}

function server(protocol: string, how: string) {
  return {
    host: '{host}:{port}',
    protocol,
    protocolVersion: '6.2',
    description: `Redis ${how}, 6.2 or newer, policy \`noeviction\`. One server, Sentinel or Cluster.`,
    variables: { host: { default: '127.0.0.1' }, port: { default: '6379' } },
    security: [{ $ref: '#/components/securitySchemes/user' }],
    bindings: BINDINGS,
  };
}

function channels() {
  const shard = { default: '0', description: 'Number of a shard, from 0.', examples: ['0'] };
  const group = { description: 'Name of the consumer group.', examples: ['alarms'] };
  return {
    events: {
      ...channel('events', '{namespace}:events:{shard}', { namespace: NAMESPACE, shard }),
      messages: Object.fromEntries(
        EVENT_TYPES.map((type) => [type, { $ref: `#/components/messages/${type}` }]),
      ),
    },
    late: {
      ...channel('late', '{hashTag}:late', { hashTag: HASH_TAG }),
      messages: { late: { $ref: '#/components/messages/late' } },
    },
    dead: {
      ...channel('dead', '{hashTag}:dead:{group}', { hashTag: HASH_TAG, group }),
      messages: { dead: { $ref: '#/components/messages/dead' } },
    },
  };
}

function channel(name: StreamName, address: string, parameters: Record<string, unknown>) {
  const { key, description, fields }: KeyLayout = STREAMS[name];
  return {
    address,
    description,
    servers: [{ $ref: '#/servers/redis' }, { $ref: '#/servers/rediss' }],
    parameters,
    bindings: BINDINGS,
    'x-redis-stream': { key, fields: fields.map((field) => field.name), payloadField: PAYLOAD_FIELD.name },
  };
}

function components() {
  const anyEvent = { oneOf: EVENT_TYPES.map((type) => ({ $ref: `#/components/schemas/${type}` })) };
  const aside = (name: StreamName, title: string) => ({
    title,
    traits: [{ $ref: `#/components/messageTraits/${name}` }],
    payload: anyEvent,
  });
  return {
    messages: {
      ...Object.fromEntries(EVENT_TYPES.map((type) => [type, message(type)])),
      late: aside('late', 'An event of a superseded owner'),
      dead: aside('dead', 'An entry that was never acknowledged'),
    },
    messageTraits: { events: trait('events'), late: trait('late'), dead: trait('dead') },
    schemas: Object.fromEntries(EVENT_TYPES.map((type) => [type, payloadSchema(type)])),
    securitySchemes: {
      user: { type: 'userPassword', description: 'A password, or an ACL user; where Redis asks for one.' },
    },
  };
}

function message(type: EventType) {
  const { description } = eventSchema.options.find(({ shape }) => shape.type.value === type)!;
  return {
    name: type,
    title: type,
    summary: description,
    traits: [{ $ref: '#/components/messageTraits/events' }],
    payload: { $ref: `#/components/schemas/${type}` },
    examples: [{ name: 'live', headers: exampleEntry(type), payload: exampleEvent(type) }],
  };
}

/** The fields of an entry beside the one that holds the message are its headers. */
function trait(name: StreamName) {
  const { key, fields }: KeyLayout = STREAMS[name];
  const headers = fields.filter((field) => field.name !== PAYLOAD_FIELD.name);
  return {
    description: `An entry of the stream ${key}: its field \`${PAYLOAD_FIELD.name}\` is the payload, the others are the headers.`,
    contentType: 'application/json',
    headers: {
      type: 'object',
      required: headers.map((field) => field.name),
      properties: Object.fromEntries(headers.map((field) => [field.name, headerSchema(field)])),
    },
    correlationId: {
      description: 'Names the event: what bears it a second time is a repetition.',
      location: '$message.header#/id',
    },
    bindings: BINDINGS,
    'x-redis-entry': { fields, payloadField: PAYLOAD_FIELD.name },
  };
}

const headerSchema = ({ description, pattern }: EntryField) => ({
  type: 'string',
  description,
  ...(pattern !== undefined && { pattern }),
});

/** Without names of its own, which the document gives it. */
function payloadSchema(type: EventType) {
  const { $schema, $id, ...schema } = eventTypeJsonSchema(type, 'draft-7');
  return schema;
}
