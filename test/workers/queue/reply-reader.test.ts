import { cameraId } from '../../../models/domain/frame';
import { createKeys } from '../../../models/domain/keys';
import { createRedis } from '../../../models/support/redis';
import type { RedisClient } from '../../../models/support/redis';
import { createReplyReader } from '../../../workers/queue/reply-reader';
import type { ReplyReader } from '../../../workers/queue/reply-reader';
import { encodeReply } from '../../../workers/wire/reply';
import type { Reply } from '../../../workers/wire/reply';
import { startRedisServer } from '../../support/redis-server';
import type { RedisServer } from '../../support/redis-server';
import { waitFor } from '../../support/wait-for';

const keys = createKeys('test');
const key = keys.replies('producer-1');

function replyOf(seq: number): Reply {
  const frame = { camera: cameraId('a'), epoch: 0, seq, attempt: 1, kind: 'lost' as const, detections: [] };
  return { worker: 'worker-1', frames: [frame] };
}

describe('createReplyReader', () => {
  let redis: RedisServer;
  let writer: RedisClient;
  let reader: ReplyReader;
  const seen: number[] = [];
  const errors: string[] = [];

  const write = (seq: number, id = '*') =>
    writer.xadd(key, id, ...(encodeReply(replyOf(seq), new Map()) as (string | Buffer)[]));
  const untilSeen = (seq: number) => waitFor(() => seen.includes(seq), { what: `reply ${seq}` });

  beforeAll(async () => {
    redis = await startRedisServer();
    writer = createRedis({ url: redis.url, role: 'consumer', purpose: 'test' });
    reader = createReplyReader({
      client: createRedis({ url: redis.url, role: 'consumer', purpose: 'test' }),
      keys,
      producer: 'producer-1',
      labels: ['person'],
      onReply: ({ frames }) => seen.push(frames[0]!.seq),
      onError: (error) => errors.push(error.message),
    });
  });

  afterAll(async () => {
    await reader.close();
    writer.disconnect();
    await redis.close();
  });

  it('reads replies as they come, and passes over what is none', async () => {
    await write(1);
    await writer.xadd(key, '*', 'head', '{"v":1', 'values', 'x');
    await writer.xadd(key, '*', 'anything', 'else');
    await write(2);
    await untilSeen(2);
    expect(seen).toEqual([1, 2]);
    expect(errors).toHaveLength(2);
    for (const error of errors) expect(error).toMatch(/^inference: reply: expected/);
  });

  it('goes on after a Redis that was restarted empty, even when its clock is behind', async () => {
    await redis.kill();
    await redis.startEmpty();
    await write(3, '1-0');
    await untilSeen(3);
    await write(4, '2-0');
    await untilSeen(4);
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  it('goes on when the stream is there again after another key was in its way', async () => {
    await writer.del(key);
    await writer.set(key, 'in the way');
    await waitFor(() => errors.some((error) => error.includes('WRONGTYPE')), { what: 'the refusal' });
    await writer.del(key);
    await write(5);
    await untilSeen(5);
  });
});
