import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { subscribeEvents } from '../../pipeline';
import type { EventSubscription, SubscribeOptions } from '../../pipeline';
import { LOG_KEYS, collect, numbered, openEventLog } from '../support/event-log';
import type { EventLog } from '../support/event-log';
import { startRedisCluster } from '../support/redis-cluster';
import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { waitFor } from '../support/wait-for';

const CONSUMER = join(__dirname, '../support/event-consumer.ts');
const key = LOG_KEYS.events();

describe('consumers of the event log', () => {
  let server: RedisServer;
  let log: EventLog;
  const open: EventSubscription[] = [];
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    server = await startRedisServer();
    log = openEventLog(server.url);
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await Promise.all(open.splice(0).map((subscription) => subscription.close()));
    log.close();
    await server.close();
  });

  function subscribe(options: Partial<SubscribeOptions> = {}): EventSubscription {
    const subscription = subscribeEvents({ url: server.url, ...options });
    open.push(subscription);
    return subscription;
  }

  /** A consumer in a process of its own, and the lines it printed. */
  function start(group: string, claimAfterMs: number) {
    const child = spawn(
      process.execPath,
      ['--require', 'tsx/cjs', CONSUMER, server.url, group, String(claimAfterMs)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    children.push(child);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    return { child, lines: () => text.split('\n').slice(0, -1) };
  }

  const pending = async (group: string) => ((await log.client.xpending(key, group)) as [number])[0];

  it('lose nothing when one is killed in the middle of a batch: another gets it, and ids tell what came twice', async () => {
    await log.append(0, 400);
    const victim = start('alarm', 500);
    await waitFor(() => victim.lines().length >= 150, { what: 'the first to be at work', timeoutMs: 20_000 });
    victim.child.kill('SIGKILL');
    await once(victim.child, 'exit');
    expect(await pending('alarm')).toBeGreaterThan(0);
    const successor = collect(subscribe({ group: 'alarm', claimAfterMs: 500 }));
    await waitFor(async () => (await pending('alarm')) === 0 && successor.deliveries.length > 0, {
      what: 'all to be done',
    });
    const byFirst = victim.lines().map((line) => line.split(' ')[2]!);
    const bySecond = successor.deliveries.flatMap((one) => (one.kind === 'event' ? one.event.id : []));
    expect(new Set([...byFirst, ...bySecond]).size).toBe(400);
    const twice = successor.deliveries.flatMap((one) =>
      one.kind === 'event' && one.deliveries > 1 ? one.event.id : [],
    );
    expect(bySecond.filter((id) => byFirst.includes(id)).every((id) => twice.includes(id))).toBe(true);
  });

  it.each(['restarted', 'stopped and continued'])('go on when Redis is %s', async (how) => {
    const group = collect(subscribe({ group: 'alarm', from: 'oldest' }));
    const alone = subscribe({ from: 'oldest' });
    const all = collect(alone);
    await alone.ready;
    await log.append(0, 50);
    await Promise.all([group.until(50), all.until(50)]);
    await waitFor(async () => (await pending('alarm')) === 0, { what: 'acknowledgements' });
    if (how === 'restarted') {
      await server.kill();
      await server.start();
    } else {
      server.freeze();
      await waitFor(() => alone.stats().delivered === 50, { what: 'nothing new' });
      server.thaw();
    }
    await log.append(50, 60);
    await Promise.all([group.until(60), all.until(60)]);
    expect(group.words()).toEqual(numbered(0, 60));
    expect(all.words()).toEqual(numbered(0, 60));
  });

  it('are told when Redis lost its data, and go on with the new log', async () => {
    const trouble: string[] = [];
    const group = collect(
      subscribe({ group: 'alarm', from: 'oldest', onTrouble: ({ message }) => trouble.push(message) }),
    );
    const all = collect(subscribe({ from: 'oldest' }));
    await log.append(0, 20);
    await Promise.all([group.until(20), all.until(20)]);
    await server.kill();
    await server.startEmpty();
    await log.append(20, 25);
    await Promise.all([group.until(26), all.until(26)]);
    const expected = [...numbered(0, 20), 'gap reset ?', ...numbered(20, 25)].sort();
    expect(group.words().sort()).toEqual(expected);
    expect(all.words().sort()).toEqual(expected);
    expect(trouble.length).toBeGreaterThan(0);
  });

  it('wait for a Redis that is not there yet', async () => {
    await server.stop();
    const subscription = subscribe({ from: 'oldest' });
    const got = collect(subscription);
    await server.start();
    await subscription.ready;
    await log.append(0, 3);
    await got.until(3);
    expect(got.words()).toEqual(numbered(0, 3));
  });

  it('acknowledge what they were done with while Redis was away', async () => {
    await log.append(0, 5);
    const got = collect(subscribe({ group: 'alarm', from: 'oldest' }), () => undefined);
    await got.until(5);
    await server.stop();
    const acks = got.deliveries.map((one) => (one.kind === 'event' ? one.ack() : Promise.resolve()));
    await server.start();
    await Promise.all(acks);
    expect(await pending('alarm')).toBe(0);
  });

  it('read a cluster, whose shards lie on different nodes', async () => {
    const cluster = await startRedisCluster();
    const inCluster = openEventLog(cluster.url);
    await inCluster.client.hset(LOG_KEYS.eventsInfo, 'shards', 3);
    for (const shard of [0, 1, 2]) await inCluster.append(0, 10, { camera: `c${String(shard)}`, shard });
    const group = collect(subscribe({ url: cluster.url, group: 'alarm', from: 'oldest' }));
    const all = collect(subscribe({ url: cluster.url, from: 'oldest' }));
    await Promise.all([group.until(30, 20_000), all.until(30, 20_000)]);
    const expected = [0, 1, 2].flatMap((shard) => numbered(0, 10, `c${String(shard)}`)).sort();
    expect(group.words().sort()).toEqual(expected);
    expect(all.words().sort()).toEqual(expected);
    await Promise.all(open.splice(0).map((subscription) => subscription.close()));
    inCluster.close();
    await cluster.close();
  });
});
