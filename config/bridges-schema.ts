import { z } from 'zod';
import { EVENT_TYPES } from '../models/domain/event';
import { parseCidr } from '../models/support/cidr';
import { webhookKey } from '../models/support/webhook-key';
import { pathSchema } from './events-schema';

const MIB = 1024 * 1024;

/** True for a type of events, or the begin of some: `zone.*`. */
function isTypePattern(text: string): boolean {
  if (text.endsWith('*')) return EVENT_TYPES.some((type) => type.startsWith(text.slice(0, -1)));
  return (EVENT_TYPES as readonly string[]).includes(text);
}

const selection = {
  types: z
    .array(
      z
        .string()
        .refine(isTypePattern)
        .meta({ expected: 'a type of events such as track.ended, or zone.* for all that begin so' }),
    )
    .min(1)
    .max(64)
    .optional()
    .describe('Types of events to pass on; `zone.*` for all that begin so. Without it: all.'),
  cameras: z
    .array(z.string().min(1))
    .min(1)
    .max(10_000)
    .optional()
    .describe('Cameras whose events to pass on. Without it: all of the namespace.'),
  from: z
    .enum(['now', 'oldest'])
    .default('now')
    .describe('Where a bridge begins that is new; one that was there before goes on where it was.'),
};

const isUrlOf = (schemes: readonly string[]) => (text: string) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && url.hostname !== '' && schemes.includes(url.protocol) && isEncoded(url);
};

/** True when user and password can be percent-decoded, as those who use the URL do. */
function isEncoded({ username, password }: URL): boolean {
  try {
    decodeURIComponent(`${username}:${password}`);
    return true;
  } catch {
    return false;
  }
}

/** What a request needs of its own: another length or framing would break it, another id or signature belie it. */
const OWN_HEADER =
  /^(content-length|transfer-encoding|connection|keep-alive|upgrade|expect|te|trailer|webhook-.*)$/i;

const webhookSchema = z.strictObject({
  type: z
    .literal('webhook')
    .describe('POST each event as a CloudEvent in JSON, in order within a camera, until it is taken.'),
  url: z
    .string()
    .refine(isUrlOf(['http:', 'https:']))
    .meta({ expected: 'http://host/path or https://host/path, with user and password percent-encoded' })
    .describe('Where to; `user:password@` becomes Basic authentication.'),
  secret: z
    .string()
    .regex(/^(?!whsec_)[^]{16,512}$|^whsec_[A-Za-z0-9+/]{22,512}={0,2}$/)
    .refine((secret) => webhookKey(secret) !== undefined)
    .meta({ expected: 'at least 16 characters, or whsec_ and base64', isSecret: true })
    .optional()
    .describe(
      'Signs each request with HMAC-SHA256, as Standard Webhooks has it (`webhook-signature`). `whsec_…` is read as base64, all else as it is.',
    ),
  headers: z
    .record(
      z
        .string()
        .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/)
        .refine((name) => !OWN_HEADER.test(name))
        .meta({ expected: 'the name of a header that is not of the request itself' }),
      z
        .string()
        .regex(/^[\t\x20-\x7e]{0,4096}$/)
        .meta({ expected: 'one line of printable ASCII', isSecret: true }),
    )
    .refine((headers) => Object.keys(headers).length <= 32)
    .meta({ expected: 'at most 32 headers' })
    .default({})
    .describe('Further headers, such as `Authorization`.'),
  timeoutMs: z
    .number()
    .min(100)
    .max(300_000)
    .default(10_000)
    .describe('A request that is not answered within this has failed.'),
  retryForMs: z
    .number()
    .min(0)
    .max(7 * 86_400_000)
    .default(3_600_000)
    .describe(
      'So long an event is tried again, ever more rarely; then it becomes a dead letter. So do, after a minute or two, the events of a camera that always fails while those of others are taken, where they leave these no room. Answers that no repetition mends (400, 413, 422) make it one at once.',
    ),
  concurrency: z.int().min(1).max(256).default(8).describe('Requests at once, each of another camera.'),
  allow: z
    .array(
      z
        .string()
        .refine((text) => parseCidr(text) !== undefined)
        .meta({ expected: 'a network such as 192.168.1.0/24 or fd00::/8' }),
    )
    .max(64)
    .default([])
    .describe(
      'Networks that are not public and may be sent to all the same, such as `192.168.1.0/24`. Without them private, loopback and link-local addresses are refused, whatever name or redirect leads there.',
    ),
  ...selection,
});

const topicPrefix = z
  .string()
  .regex(/^[^/#+\0\s$][^#+\0\s]{0,127}$/)
  .refine((text) => !text.endsWith('/'))
  .meta({ expected: 'a topic without # and +, such as home/cameras' });

const mqttSchema = z.strictObject({
  type: z
    .literal('mqtt')
    .describe('Publish each event at `<prefix>/<camera>/<type>`, and what is so now as retained messages.'),
  url: z
    .string()
    .refine(isUrlOf(['mqtt:', 'mqtts:', 'ws:', 'wss:']))
    .meta({
      expected:
        'mqtt://user:password@host:1883, mqtts://, ws:// or wss://, with user and password percent-encoded',
    })
    .describe('The broker: `mqtt://user:password@host:1883`, or `mqtts://` for TLS.'),
  clientId: z
    .string()
    .regex(/^[\w.:-]{1,128}$/)
    .meta({ expected: '1 to 128 letters, digits or . : _ -' })
    .optional()
    .describe('What the broker knows the bridge by. Without it: `<namespace>-<name of the bridge>`.'),
  caFile: pathSchema
    .optional()
    .describe('Certificates to trust beside those that Node brings along, in PEM.'),
  prefix: topicPrefix.default('sightline').describe('Begin of all topics.'),
  homeAssistant: z
    .union([z.boolean(), z.strictObject({ prefix: topicPrefix.describe('Begin of its discovery topics.') })])
    .default(false)
    .describe(
      'Make cameras and the occupancy of zones known to Home Assistant; `true`: under `homeassistant`.',
    ),
  frigate: z
    .union([z.boolean(), z.strictObject({ prefix: topicPrefix.describe('Begin of its topics.') })])
    .default(false)
    .describe(
      'Also publish tracks as Frigate does, at `<prefix>/events`; `true`: under `frigate`. For what was made for it.',
    ),
  ...selection,
});

const jsonlBridgeSchema = z.strictObject({
  type: z.literal('jsonl').describe('Append each event to a file as a line, and begin a new file in time.'),
  path: pathSchema.describe('The newest file; older ones are beside it: `<path>.1`, `<path>.2` …'),
  maxBytes: z
    .int()
    .min(4096)
    .max(1024 * 1024 * MIB)
    .default(100 * MIB)
    .describe('A file that would grow beyond this is put aside, and a new one begun.'),
  maxFiles: z
    .int()
    .min(1)
    .max(1000)
    .default(10)
    .describe('Files kept, the newest included; the oldest is deleted.'),
  ...selection,
});

/** A bridge; one whose name is wrong is not looked at by `bridgesSchema`. */
export const bridgeSchema = z.discriminatedUnion('type', [webhookSchema, mqttSchema, jsonlBridgeSchema]);

const MOST_BRIDGES = 64;

/** Where events go on from Redis. */
export const bridgesSchema = z
  .record(z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/), bridgeSchema)
  .refine((bridges) => Object.keys(bridges).length <= MOST_BRIDGES)
  .meta({ expected: `at most ${MOST_BRIDGES} bridges` })
  .default({})
  .describe(
    'Where events go on to from Redis, by name: each bridge is a consumer group of the log (`bridge-<name>`), run by `run`, `ingest` and `sightline bridge`, by one process at a time. Needs a sink `redis` in `events`.',
  );
