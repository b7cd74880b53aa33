import type { PipelineError } from '../../models/domain/errors';
import type { Keys } from '../../models/domain/keys';
import { toRedisError } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { encodeReply } from '../wire/reply';
import type { FrameReply } from '../wire/reply';
import { REDIS_RETRY_MS, retryFor } from './retry-for';

export interface ReplyWriterOptions {
  /** Fails fast while Redis is away. */
  readonly client: RedisClient;
  /** The server in messages, without credentials. */
  readonly name: string;
  readonly keys: Keys;
  /** Id of this worker. */
  readonly worker: string;
  readonly labels: readonly string[];
  readonly onLost: (producer: string, frames: number, error: PipelineError) => void;
}

/** Answers kept for a producer that does not read. */
const KEPT = 1000;

/** A stream nobody has answered into for so long belongs to a producer that is gone. */
const KEPT_MS = 600_000;

/**
 * Writes answers to the streams of those who sent the frames. Resolves to false when Redis was away for too long, and the
 * answer was given up; a repeated one is ignored by its reader. Never rejects.
 */
export function createReplyWriter(
  options: ReplyWriterOptions,
): (producer: string, frames: readonly FrameReply[]) => Promise<boolean> {
  const { client, name, keys, worker, labels, onLost } = options;
  const labelIndex = new Map(labels.map((label, index) => [label, index]));

  return async (producer, frames) => {
    const key = keys.replies(producer);
    try {
      const fields = encodeReply({ worker, frames }, labelIndex);
      await retryFor(REDIS_RETRY_MS, async () => {
        const results = await client
          .pipeline()
          .xadd(key, 'MAXLEN', '~', KEPT, '*', ...fields)
          .pexpire(key, KEPT_MS)
          .exec();
        const error = results?.[0]?.[0];
        if (error != null) throw error;
      });
      return true;
    } catch (error) {
      onLost(producer, frames.length, toRedisError(error, name));
      return false;
    }
  };
}
