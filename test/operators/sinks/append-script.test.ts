import { createKeys } from '../../../models/domain/keys';
import { createRedis, waitForRedis } from '../../../models/support/redis';
import type { RedisClient } from '../../../models/support/redis';
import { createAppender } from '../../../operators/sinks/append-script';
import type { Appender, AppenderOptions, Entry } from '../../../operators/sinks/append-script';
import { startRedisServer } from '../../support/redis-server';
import type { RedisServer } from '../../support/redis-server';

const keys = createKeys('test');

function entry(id: string, more: Partial<Entry> = {}): Entry {
  return {
    type: 'track.updated',
    camera: 'front',
    id,
    open: { drop: [] },
    data: `data of ${id}`,
    fence: undefined,
    ...more,
  };
}

describe('createAppender', () => {
  let server: RedisServer;
  let client: RedisClient;

  beforeAll(async () => {
    server = await startRedisServer();
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    client = await connect(server.url);
    await client.flushall();
  });
  afterEach(() => client.disconnect());

  async function connect(url: string): Promise<RedisClient> {
    const made = createRedis({ url, role: 'producer', purpose: 'test' });
    await waitForRedis(made, 'test', 5000);
    return made;
  }

  function appenderOf(writer: string, more: Partial<AppenderOptions> = {}): Appender {
    return createAppender({ client, keys, shard: 0, writer, maxLen: 100_000, maxAgeMs: undefined, ...more });
  }

  /** Of each entry "<id> <camera> <seq>", or the fence in the stream of superseded ones. */
  async function idsOf(key: string): Promise<string[]> {
    return (await client.xrange(key, '-', '+')).map(([, fields]) =>
      [5, 3, 7].map((index) => fields[index]).join(' '),
    );
  }

  it('numbers the events of each camera from 1 without gaps, whoever writes them', async () => {
    const [a, b] = [appenderOf('a'), appenderOf('b')];
    await a.append(1, [entry('1'), entry('2', { camera: 'back' }), entry('3')]);
    await b.append(1, [entry('4'), entry('5', { camera: 'back' })]);
    await a.append(2, [entry('6')]);
    expect(await idsOf(keys.events())).toEqual([
      ...['1 front 1', '2 back 1', '3 front 2'],
      ...['4 front 3', '5 back 2', '6 front 4'],
    ]);
  });

  it('changes nothing when a batch is repeated, and gives the same answer', async () => {
    const [a, b] = [appenderOf('a'), appenderOf('b')];
    await b.append(1, [entry('1', { fence: 7 })]);
    const batch = [entry('2', { camera: 'back' }), entry('3', { fence: 6 }), entry('4', { fence: 6 })];
    expect([...(await a.append(1, batch))]).toEqual([['front', 2]]);
    expect([...(await a.append(1, batch))]).toEqual([['front', 2]]);
    await a.append(2, [entry('5')]);
    expect([...(await a.append(1, batch))]).toEqual([]);
    expect(await idsOf(keys.events())).toEqual(['1 front 1', '2 back 1', '5 front 2']);
    expect(await idsOf(keys.late())).toHaveLength(2);
  });

  it('sends what comes with a lower fence than was seen for its camera to the late stream', async () => {
    const [older, newer] = [appenderOf('older'), appenderOf('newer')];
    const fences = { older: 1_700_000_000_000, newer: 1_700_000_000_001 };
    await older.append(1, [entry('1', { fence: fences.older }), entry('2', { fence: fences.older })]);
    await newer.append(1, [entry('3', { fence: fences.newer })]);
    const counts = await older.append(2, [
      entry('4', { fence: fences.older }),
      entry('5', { fence: fences.older, camera: 'back' }),
      entry('6'),
    ]);
    expect([...counts]).toEqual([['front', 1]]);
    expect(await idsOf(keys.events())).toEqual([
      ...['1 front 1', '2 front 2', '3 front 3'],
      ...['5 back 1', '6 front 4'],
    ]);
    expect(await idsOf(keys.late())).toEqual([`4 front ${fences.older}`]);
    expect(await client.hgetall(keys.fences())).toEqual({
      front: String(fences.newer),
      back: String(fences.older),
    });
  });

  it('keeps the tracks that have not ended, and leaves nothing when all have', async () => {
    const appender = appenderOf('a');
    const started = (trackId: string, more: Partial<Entry> = {}) =>
      entry(`start-${trackId}`, { type: 'track.started', open: { keep: trackId, drop: [] }, ...more });
    const ended = (trackId: string) =>
      entry(`end-${trackId}`, { type: 'track.ended', open: { drop: [trackId, `${trackId} updated`] } });
    await appender.append(1, [started('t1', { fence: 5 }), started('t2'), ended('t1')]);
    await appender.append(2, [started('t3', { fence: 4 })]);
    expect(await client.hgetall(keys.openTracks('front'))).toEqual({ t2: 'data of start-t2' });
    const updated = (n: number) => entry(`update-${n}`, { open: { keep: 't2 updated', drop: [] } });
    await appender.append(3, [updated(1), updated(2)]);
    expect(await client.hgetall(keys.openTracks('front'))).toEqual({
      t2: 'data of start-t2',
      't2 updated': 'data of update-2',
    });
    await appender.append(4, [ended('t2')]);
    expect(await client.exists(keys.openTracks('front'))).toBe(0);
  });

  it('gives what is open to who claims the camera, and takes nothing of earlier owners from then on', async () => {
    const [older, newer] = [appenderOf('older'), appenderOf('newer')];
    const started = (id: string, fence: number) => entry(id, { open: { keep: id, drop: [] }, fence });
    await older.append(1, [started('1', 5)]);
    expect(await newer.claim('front', 6)).toEqual(['data of 1']);
    expect([...(await older.append(2, [started('2', 5)]))]).toEqual([['front', 1]]);
    expect(await older.claim('front', 5)).toEqual([]);
    expect(await newer.claim('front', 6)).toEqual(['data of 1']);
    expect(await newer.claim('front', undefined)).toEqual(['data of 1']);
    expect(await newer.claim('back', undefined)).toEqual([]);
    expect(await client.hgetall(keys.fences())).toEqual({ front: '6' });
  });

  it('trims by age and by number, about', async () => {
    await client.config('SET', 'stream-node-max-entries', '10');
    for (let n = 1; n <= 40; n++) await client.xadd(keys.events(), `${n}-1`, 'type', 'old');
    await appenderOf('a').append(1, [entry('1')]);
    expect(await client.xlen(keys.events())).toBe(41);
    await appenderOf('b', { maxAgeMs: 60_000 }).append(1, [entry('2')]);
    // Whole nodes of ten: the entry that came first shares one with the youngest old ones at most.
    expect(await client.xlen(keys.events())).toBeLessThan(12);
    const many = Array.from({ length: 100 }, (_, n) => entry(`m${n}`));
    await appenderOf('c', { maxAgeMs: 60_000, maxLen: 20 }).append(1, many);
    expect(await client.xlen(keys.events())).toBeLessThan(40);
  });

  it('appends whole or not at all when a key holds something else', async () => {
    const started = entry('1', { type: 'track.started', open: { keep: 't', drop: [] }, fence: 1 });
    const all = [keys.late(), keys.fences(), keys.sequences(), keys.openTracks('front'), keys.events()];
    for (const key of all) {
      await client.flushall();
      await client.set(key, 'something else');
      await expect(appenderOf('a').append(1, [started])).rejects.toThrow(/WRONGTYPE/);
      expect(await client.keys('*')).toEqual([key]);
    }
  });

  it('appends whole or not at all when the user may not do all that it takes', async () => {
    for (const command of ['xadd', 'hset', 'hdel', 'xtrim', 'set']) {
      const user = `no-${command}`;
      await client.acl('SETUSER', user, 'on', '>secret', '~*', '+@all', `-${command}`);
      const limited = await connect(server.url.replace('//', `//${user}:secret@`));
      const started = entry('1', { type: 'track.started', open: { keep: 't', drop: [] }, fence: 1 });
      await expect(appenderOf('a', { client: limited }).append(1, [started])).rejects.toThrow(
        new RegExp(`^NOPERM .*${command.toUpperCase()}`),
      );
      limited.disconnect();
      expect(await client.keys('*')).toEqual([]);
    }
  });

  it('goes on when Redis has lost scripts or all its data', async () => {
    const appender = appenderOf('a');
    await appender.append(1, [entry('1', { fence: 9 })]);
    await client.script('FLUSH');
    await appender.append(2, [entry('2', { fence: 9 })]);
    expect(await idsOf(keys.events())).toEqual(['1 front 1', '2 front 2']);
    await client.flushall();
    await appender.append(3, [entry('3', { fence: 8 })]);
    expect(await idsOf(keys.events())).toEqual(['3 front 1']);
  });

  it('is forgotten by and by, or at once when told', async () => {
    const appender = appenderOf('a');
    await appender.append(1, [entry('1')]);
    expect(await client.pttl(keys.writer('a'))).toBeGreaterThan(3_000_000);
    await appender.forget();
    expect(await client.exists(keys.writer('a'))).toBe(0);
  });
});
