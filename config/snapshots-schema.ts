import { z } from 'zod';
import { pathSchema, redisUrlSchema } from './events-schema';

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;

const directorySchema = z.strictObject({
  type: z.literal('directory').describe('Files of one folder of this host.'),
  path: pathSchema.describe('The folder; it is made when it is missing. Nothing else should be in it.'),
});

const redisStoreSchema = z.strictObject({
  type: z
    .literal('redis')
    .describe(
      'Strings of Redis, `{<namespace>:snapshots}:<name>`. Redis 6.2 or newer; of a Cluster one node has them all.',
    ),
  url: redisUrlSchema.describe('`redis://user:password@host:6379/0`, or `rediss://` for TLS.'),
});

const retentionSchema = z.strictObject({
  maxAgeMs: z
    .int()
    .min(1000)
    .max(100 * 365 * DAY_MS)
    .default(7 * DAY_MS)
    .describe('Snapshots older than this are removed (604800000 is a week).'),
  maxCount: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe('Snapshots that are kept; the oldest go first.'),
  maxBytes: z
    .int()
    .min(MIB)
    .max(1024 * 1024 * MIB)
    .default(256 * MIB)
    .describe('Bytes of all of them; the oldest go first.'),
});

/** The best picture of each track. */
export const snapshotsSchema = z.strictObject({
  store: z.discriminatedUnion('type', [directorySchema, redisStoreSchema]).describe('Where they are kept.'),
  crop: z.boolean().default(true).describe('The object and a little around it. `false`: the whole picture.'),
  box: z
    .boolean()
    .default(false)
    .describe(
      'Draw the box of the object into it, and its label and number where there is room above or below.',
    ),
  maxWidth: z
    .int()
    .min(32)
    .max(7680)
    .default(640)
    .describe('Pixels across, at most; what is larger is made smaller.'),
  quality: z.int().min(1).max(100).default(80).describe('Of the JPEG.'),
  retention: retentionSchema.prefault({}).describe('How long, and how many, snapshots are kept.'),
});
