import { BOXES } from '../../../config/contract/stream-layout';
import { createKeys } from '../../../models/domain/keys';
import type { Track, TrackedFrame } from '../../../models/domain/track';
import { createRedis, waitForRedis } from '../../../models/support/redis';
import type { RedisClient } from '../../../models/support/redis';
import { createBoxWriter } from '../../../operators/sinks/redis-boxes';
import { createRedisSink } from '../../../operators/sinks/redis-events';
import { frameInfo } from '../../support/frames';
import { startRedisServer } from '../../support/redis-server';
import type { RedisServer } from '../../support/redis-server';
import { waitFor } from '../../support/wait-for';

const keys = createKeys('test');

function track(number: number, more: Partial<Track> = {}): Track {
  return {
    ...{ number, epoch: 3, label: 'person', score: 0.87654321, maxScore: 0.9, box: [1.123, 2, 3, 4.567] },
    ...{ firstSeenPtsMs: 0, lastSeenPtsMs: 0, firstSeenAtMs: 0, lastSeenAtMs: 0, velocity: [0, 0] },
    ...{ hits: 3, isVisible: true },
    ...more,
  };
}

function tracked(seq: number, tracks: readonly Track[] = [], more: Partial<TrackedFrame> = {}): TrackedFrame {
  const frame = frameInfo({
    camera: 'front',
    seq,
    ptsMs: seq * 100,
    atMs: 1_790_000_000_000 + seq,
    epoch: 4,
  });
  return {
    ...{ kind: 'tracked', frame, tracks, isTracking: false, tracksUntilPtsMs: -Infinity },
    ...{ started: [], ended: [] },
    ...more,
  };
}

describe('the boxes of tracked frames', () => {
  let server: RedisServer;
  let client: RedisClient;
  beforeEach(async () => {
    server = await startRedisServer();
    client = createRedis({ url: server.url, role: 'producer', purpose: 'test', replyTimeoutMs: 60_000 });
    await waitForRedis(client, 'test', 5000);
  });
  afterEach(async () => {
    client.disconnect();
    await server.close();
  });

  const fieldsOf = (fields: readonly string[]) =>
    Object.fromEntries(fields.flatMap((field, i) => (i % 2 === 0 ? [[field, fields[i + 1]]] : [])));
  const read = async () =>
    (await client.xrange(keys.boxes('front'), '-', '+')).map(([, all]) => fieldsOf(all));

  it('are an entry a frame, also of one without any', async () => {
    const sink = await createRedisSink({
      url: server.url,
      namespace: 'test',
      maxLen: 1,
      boxes: { maxLen: 300 },
    });
    sink.writeBoxes!(tracked(1, [track(7), track(9, { isVisible: false, epoch: 4 })]));
    sink.writeBoxes!(tracked(2, [track(7)], { unobserved: 'superseded' }));
    sink.writeBoxes!(tracked(3));
    await waitFor(() => sink.stats().boxes!.written === 2, { what: 'the boxes' });
    const [first, second, ...others] = await read();
    expect(first).toEqual({
      ...{ epoch: '4', ptsMs: '100', atMs: '1790000000001', width: '640', height: '480' },
      data: JSON.stringify([
        { trackId: 'front-3-7', label: 'person', score: 0.8765, box: [1.12, 2, 3, 4.57], isVisible: true },
        { trackId: 'front-4-9', label: 'person', score: 0.8765, box: [1.12, 2, 3, 4.57], isVisible: false },
      ]),
    });
    expect(second).toMatchObject({ ptsMs: '300', data: '[]' });
    expect(Object.keys(second!)).toEqual(BOXES.fields.map(({ name }) => name));
    for (const { name, pattern = '' } of BOXES.fields) expect(first![name]).toMatch(new RegExp(pattern));
    expect(others).toEqual([]);
    const expiresMs = await client.pttl(keys.boxes('front'));
    expect(expiresMs).toBeGreaterThan(50_000);
    expect(expiresMs).toBeLessThanOrEqual(60_000);
    await sink.close();
  });

  it('are not written unless that is asked for', async () => {
    const sink = await createRedisSink({ url: server.url, namespace: 'test', maxLen: 1 });
    expect(sink).not.toHaveProperty('writeBoxes');
    expect(sink.stats().boxes).toBeUndefined();
    await sink.close();
  });

  it('are few, however many frames there were', async () => {
    const boxes = createBoxWriter({ client, keys, maxLen: 200 });
    for (let batch = 1; batch <= 10; batch++) {
      for (let n = 0; n < 100; n++) boxes.write(tracked(n));
      await waitFor(() => boxes.stats().written === batch * 100, { what: `batch ${batch}` });
    }
    expect(await client.xlen(keys.boxes('front'))).toBeLessThan(400);
    expect(boxes.stats()).toEqual({ written: 1000, dropped: 0 });
  });

  it('wait for nothing: with one batch on its way the newest few are kept, the others dropped', async () => {
    const boxes = createBoxWriter({ client, keys, maxLen: 10_000 });
    server.freeze();
    boxes.write(tracked(0));
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    for (let n = 1; n <= 5000; n++) boxes.write(tracked(n));
    expect(boxes.stats()).toEqual({ written: 0, dropped: 5000 - 256 });
    server.thaw();
    await waitFor(() => boxes.stats().written === 257, { what: 'those that were kept' });
    const times = (await read()).map(({ ptsMs }) => Number(ptsMs));
    expect(times).toEqual([0, ...Array.from({ length: 256 }, (_, n) => (5000 - 256 + 1 + n) * 100)]);
  });

  it('are dropped while Redis is away', async () => {
    const boxes = createBoxWriter({ client, keys, maxLen: 300 });
    await server.stop();
    await waitFor(() => client.status !== 'ready', { what: 'the connection to be gone' });
    for (let n = 0; n < 10; n++) boxes.write(tracked(n));
    expect(boxes.stats()).toEqual({ written: 0, dropped: 10 });
    await server.start();
    await waitForRedis(client, 'test', 5000);
    boxes.write(tracked(10));
    await waitFor(() => boxes.stats().written === 1, { what: 'the next' });
  });
});
