import { createKeys } from '../../../models/domain/keys';
import { createRedis } from '../../../models/support/redis';
import type { RedisClient } from '../../../models/support/redis';
import type { LeaseManagerOptions } from '../../../pipeline/leases/lease-manager';
import { INGEST_TTL_MS, startIngest, untilHeartbeats } from '../../support/ingests';
import type { TestIngest } from '../../support/ingests';
import { startRedisServer } from '../../support/redis-server';
import type { RedisServer } from '../../support/redis-server';
import { waitFor } from '../../support/wait-for';

const CAMERAS = ['c1', 'c2', 'c3', 'c4', 'c5'];
const keys = createKeys('test');

describe('createLeaseManager', () => {
  let server: RedisServer;
  let redis: RedisClient;
  let ingests: TestIngest[];

  beforeEach(async () => {
    server = await startRedisServer();
    redis = createRedis({ url: server.url, role: 'consumer', purpose: 'test' });
    ingests = [];
  });
  afterEach(async () => {
    await Promise.all(ingests.map((ingest) => ingest.close()));
    redis.disconnect();
    await server.close();
  });

  async function start(id: string, more: Partial<LeaseManagerOptions> = {}, cameras = CAMERAS) {
    const ingest = await startIngest(server.url, id, cameras, more);
    ingests.push(ingest);
    return ingest;
  }

  /** Waits until the processes have so many cameras each, all different. */
  async function untilShared(counts: readonly number[], among = ingests): Promise<void> {
    await waitFor(
      () => {
        const held = among.map((ingest) => ingest.cameras());
        return (
          String(held.map(({ length }) => length)) === String(counts) &&
          new Set(held.flat()).size === held.flat().length
        );
      },
      { what: `shares of ${String(counts)}` },
    );
  }

  const losses = ({ log }: TestIngest) => log.filter((line) => line.startsWith('-'));
  const stops = ({ log }: TestIngest) => log.filter((line) => line.startsWith('.'));

  it('shares the cameras fairly as processes join and leave, moving no more than it must', async () => {
    const a = await start('a');
    await untilShared([5]);
    const b = await start('b');
    await untilShared([3, 2]);
    const c = await start('c');
    await untilShared([2, 2, 1]);
    expect([stops(a).length, stops(b).length, stops(c).length]).toEqual([3, 0, 0]);
    await b.close();
    await untilShared([3, 2], [a, c]);
    expect(stops(b)).toHaveLength(2);
    expect(stops(a)).toHaveLength(3);
    expect(ingests.flatMap(losses)).toEqual([]);
    expect(ingests.flatMap(({ errors }) => errors)).toEqual([]);
  });

  it('gives a camera to its successor only after it has stopped, and may emit until then', async () => {
    let letGo: () => void = () => undefined;
    const stopping = new Promise<void>((resolve) => (letGo = resolve));
    const a = await start('a', { stop: () => stopping }, ['c1', 'c2']);
    await untilShared([2]);
    const b = await start('b', {}, ['c1', 'c2']);
    await untilHeartbeats(redis, 'b', 8);
    expect([a.cameras(), b.cameras()]).toEqual([['c1', 'c2'], []]);
    expect(['c1', 'c2'].every((camera) => a.manager.mayEmit(camera))).toBe(true);
    letGo();
    await untilShared([1, 1]);
    expect(a.manager.mayEmit(b.cameras()[0]!)).toBe(false);
    await untilHeartbeats(redis, 'a', 6);
    expect([a.log.length, b.log.length, a.errors.length]).toEqual([2, 1, 0]);
  });

  it('leaves in good order: its cameras run elsewhere at once, and nothing of it stays', async () => {
    const a = await start('a');
    await untilShared([5]);
    // Leases that would last for longer than the test may take.
    const b = await start('b', { ttlMs: 60_000 });
    await untilShared([3, 2]);
    await b.close();
    await untilShared([5], [a]);
    expect(await redis.hkeys(keys.ingests)).toEqual(['a']);
    await a.close();
    const left = await redis.keys('*');
    expect(left.filter((key) => !key.startsWith('test:fence:'))).toEqual([]);
  });

  it('takes over from ten owners that die one after the other, under fences that grow', async () => {
    const fences: number[] = [];
    for (let n = 0; n <= 10; n++) {
      const ingest = await start(`ingest-${n}`, { ttlMs: 1000 }, ['c1']);
      // Longer than it may take: the lease, and the time between looks.
      await waitFor(() => ingest.manager.held().has('c1'), { what: `owner ${n}`, timeoutMs: 3000 });
      fences.push(ingest.manager.held().get('c1')!);
      ingest.client.disconnect();
    }
    expect(fences).toEqual([...new Set(fences)].sort((x, y) => x - y));
    await waitFor(() => ingests.slice(0, 10).every((ingest) => ingest.log.at(-1) === '-c1'), {
      what: 'all that died to know it',
    });
  });

  it('may not emit once its lease could be over, though no timer has run', async () => {
    let aheadMs = 0;
    const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() + aheadMs };
    const a = await start('a', { clock }, ['c1']);
    await untilShared([1]);
    expect(a.manager.mayEmit('c1')).toBe(true);
    aheadMs = 0.8 * INGEST_TTL_MS;
    expect(a.manager.mayEmit('c1')).toBe(false);
    expect(a.manager.held().size).toBe(0);
    expect(losses(a)).toEqual([]);
    await waitFor(() => a.log.length === 3, { what: 'the camera to be lost and acquired anew' });
    expect(a.log[1]).toBe('-c1');
  });

  it('falls silent when Redis hangs for too long, and begins anew when it is back', async () => {
    const a = await start('a');
    await untilShared([5]);
    const before = new Map(a.manager.held());
    server.freeze();
    await waitFor(() => losses(a).length === 5, { what: 'all to be lost' });
    expect(CAMERAS.some((camera) => a.manager.mayEmit(camera))).toBe(false);
    server.thaw();
    await untilShared([5]);
    for (const camera of CAMERAS) expect(a.manager.held().get(camera)).toBeGreaterThan(before.get(camera)!);
    expect(a.errors).toHaveLength(1);
  });

  it('gets over a Redis that is restarted empty, with greater fences than before', async () => {
    const [a, b] = [await start('a'), await start('b')];
    await untilShared([3, 2]);
    const before = new Map([...a.manager.held(), ...b.manager.held()]);
    await redis.flushall();
    await server.kill();
    await server.start();
    await waitFor(() => losses(a).length + losses(b).length >= 5, { what: 'all to be lost' });
    await untilShared([3, 2]);
    const after = new Map([...a.manager.held(), ...b.manager.held()]);
    for (const camera of CAMERAS) expect(after.get(camera)).toBeGreaterThan(before.get(camera)!);
  });

  it('knows at its next renewal that another has its camera', async () => {
    const a = await start('a', {}, ['c1']);
    await untilShared([1]);
    await redis.set(keys.lease('c1'), 'thief', 'PX', 700);
    await waitFor(() => losses(a).length === 1, { what: 'the loss' });
    expect(a.manager.mayEmit('c1')).toBe(false);
    await untilShared([1]);
  });
});
