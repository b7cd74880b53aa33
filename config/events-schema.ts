import { z } from 'zod';
import { MAX_SHARDS } from '../models/domain/shard';
import { parseRedisUrl } from '../models/support/redis-url';

/** Where a Redis is. */
export const redisUrlSchema = z
  .string()
  .refine((url) => parseRedisUrl(url) !== undefined)
  .meta({
    expected:
      'redis://host:6379/0, redis+sentinel://h1,h2/master or redis+cluster://h1,h2 (rediss… for TLS), with percent-encoded user and password where needed',
  });

/** A path of this host. */
export const pathSchema = z
  .string()
  .min(1)
  .refine((text) => !text.includes('\0'));

/** Events as lines of a file. */
export const jsonlSchema = z.strictObject({
  type: z.literal('jsonl').describe('JSON Lines: one event a line.'),
  path: pathSchema.describe('File to write, or `-` for standard output.'),
  append: z
    .boolean()
    .default(false)
    .describe('Write after what the file holds, instead of starting it anew.'),
});

const MIB = 1024 * 1024;
const YEAR_MS = 365 * 86_400_000;

const spoolSchema = z.strictObject({
  path: pathSchema
    .optional()
    .describe(
      'Folder of these files; processes may share it. Without it: `sightline/<namespace>-<hash of the address>` in `$XDG_STATE_HOME`, or in `~/.local/state`.',
    ),
  maxBytes: z
    .int()
    .min(4 * MIB)
    .max(1024 * 1024 * MIB)
    .default(256 * MIB)
    .describe('Most that one process has there; then events wait in memory, and then cameras do.'),
});

/** Frames that a camera's stream of boxes keeps unless it is said. */
export const BOXES_MAX_LEN = 300;

const boxesSchema = z.strictObject({
  maxLen: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(BOXES_MAX_LEN)
    .describe('Frames the stream of each camera keeps, about.'),
});

/** Events on Redis streams. */
export const redisSchema = z.strictObject({
  type: z
    .literal('redis')
    .describe('Redis streams, `<namespace>:events:<shard>`. Redis 6.2 or newer, policy `noeviction`.'),
  url: redisUrlSchema.describe('`redis://user:password@host:6379/0`, or `rediss://` for TLS.'),
  maxLen: z
    .int()
    .min(1)
    .max(1_000_000_000)
    .default(100_000)
    .describe('Events each stream keeps, about; older ones are trimmed.'),
  maxAgeMs: z
    .number()
    .min(1000)
    .max(100 * YEAR_MS)
    .optional()
    .describe(
      'Events older than this are trimmed too, also while none come (604800000 is a week). Without it: whatever their age.',
    ),
  shards: z
    .int()
    .min(1)
    .max(MAX_SHARDS)
    .default(1)
    .describe(
      'Streams among which cameras are divided, by name; more than 1 is for a Redis Cluster. The same for all that write to the namespace.',
    ),
  spool: z
    .union([z.literal(false), spoolSchema])
    .prefault({})
    .describe('Where events wait while Redis is away: files of this host. `false`: in memory alone.'),
  boxes: z
    .union([z.boolean(), boxesSchema])
    .default(false)
    .describe(
      'Write the tracks of each frame to `<namespace>:boxes:{<camera>}`, for overlays; `true` takes the defaults. Frames may be missing there.',
    ),
});
