import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { SightlineEvent } from '../../../models/domain/event';
import { createKeys } from '../../../models/domain/keys';
import { createRedis, waitForRedis } from '../../../models/support/redis';
import type { RedisClient } from '../../../models/support/redis';
import { packageRoot } from '../../../models/support/package-root';
import type * as Sink from '../../../operators/sinks/redis-events';
import type * as Client from '../../../pipeline';
import { startRedisServer } from '../../support/redis-server';
import { trackEvents } from '../../support/track-events';
import { median, table } from '../table';

// What is shipped: tsx names every function that is made, which costs more than what some of them do.
const built = createRequire(join(packageRoot, 'dist/'));
const { createRedisSink } = built('./operators/sinks/redis-events') as typeof Sink;
const { subscribeEvents } = built('./pipeline') as typeof Client;

const EVENTS = 60_000;
const ROUNDS = 5;
/** As many events as the sink appends at once. */
const BATCH = 500;
const LATENCY_SECONDS = 10;
const RATES = [20, 200, 1000];
const keys = createKeys('bench');
const GROUP = 'bench';

/**
 * How fast events are appended to the log and consumed from it, beside a bare loop of ioredis that does the same to the same
 * server, in turns; and how long one takes from the sink's `write` to a consumer.
 */
export async function benchEvents(): Promise<void> {
  // Without a file: writing to this machine's disk would be all that is measured.
  const server = await startRedisServer(['--appendonly', 'no']);
  const client = createRedis({ url: server.url, role: 'producer', purpose: 'bench' });
  await waitForRedis(client, 'bench', 5000);
  const events = trackEvents(EVENTS);
  const rates: Record<'appended' | 'bareAppended' | 'consumed' | 'bareConsumed', number[]> = {
    ...{ appended: [], bareAppended: [], consumed: [], bareConsumed: [] },
  };
  for (let round = -1; round < ROUNDS; round++) {
    const measured = {
      bareAppended: await fresh(client, () => appendBare(client, events)),
      appended: await fresh(client, () => append(server.url, events)),
      bareConsumed: await overGroup(client, () => consumeBare(client)),
      consumed: await overGroup(client, () => consume(server.url)),
    };
    if (round < 0) continue;
    for (const [name, perSecond] of Object.entries(measured))
      rates[name as keyof typeof rates].push(perSecond);
  }
  const row = (what: string, own: readonly number[], bare: readonly number[]) => [
    ...[what, median(own).toFixed(0), median(bare).toFixed(0)],
    (median(own) / median(bare)).toFixed(2),
  ];
  console.log(
    table([
      ['events a second', 'sightline', 'bare ioredis', 'ratio'],
      row('appended', rates.appended, rates.bareAppended),
      row('consumed, acknowledged', rates.consumed, rates.bareConsumed),
    ]),
  );
  const rows = [['events a second', 'p50 ms', 'p99 ms', 'events']];
  for (const rate of RATES) {
    await client.flushall();
    const latencies = (await latenciesAt(server.url, rate)).sort((a, b) => a - b);
    const at = (part: number) =>
      latencies[Math.min(latencies.length - 1, Math.floor(part * latencies.length))]!;
    rows.push([String(rate), at(0.5).toFixed(1), at(0.99).toFixed(1), String(latencies.length)]);
  }
  console.log(`\nfrom the sink to a consumer\n${table(rows)}`);
  client.disconnect();
  await server.close();
}

/** Events a second of what appends all of them to an empty log. */
async function fresh(client: RedisClient, run: () => Promise<void>): Promise<number> {
  await client.flushall();
  return perSecond(run);
}

/** Events a second of what consumes the log that is there by a new group. */
async function overGroup(client: RedisClient, run: () => Promise<void>): Promise<number> {
  await client.xgroup('DESTROY', keys.events(), GROUP);
  await client.xgroup('CREATE', keys.events(), GROUP, '0');
  return perSecond(run);
}

async function perSecond(run: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await run();
  return (EVENTS / (performance.now() - startMs)) * 1000;
}

async function append(url: string, events: readonly SightlineEvent[]): Promise<void> {
  const sink = await createRedisSink({ url, namespace: 'bench', maxLen: 1_000_000 });
  for (const event of events) await sink.write(event);
  await sink.close();
}

async function appendBare(client: RedisClient, events: readonly SightlineEvent[]): Promise<void> {
  for (let from = 0; from < events.length; from += BATCH) {
    const pipeline = client.pipeline();
    for (const [index, event] of events.slice(from, from + BATCH).entries()) {
      const named = [
        'type',
        event.type,
        'camera',
        event.data.camera,
        'id',
        event.id,
        'seq',
        String(from + index + 1),
      ];
      pipeline.xadd(keys.events(), '*', ...named, 'data', JSON.stringify(event));
    }
    await pipeline.exec();
  }
}

async function consume(url: string): Promise<void> {
  const subscription = subscribeEvents({
    url,
    namespace: 'bench',
    group: GROUP,
    to: 'now',
    maxInFlight: BATCH,
  });
  let count = 0;
  for await (const delivery of subscription) {
    if (delivery.kind !== 'event') throw new Error(`expected events, got ${delivery.kind}`);
    count++;
    void delivery.ack();
  }
  await subscription.close();
  if (count !== EVENTS || subscription.stats().acknowledged !== EVENTS)
    throw new Error(`expected all, got ${count}`);
}

async function consumeBare(client: RedisClient): Promise<void> {
  for (let count = 0; count < EVENTS;) {
    const reply = await client.xreadgroup(
      'GROUP',
      GROUP,
      'bare',
      'COUNT',
      BATCH,
      'STREAMS',
      keys.events(),
      '>',
    );
    const [[, entries]] = reply as [[string, [string, string[]][]]];
    for (const [, fields] of entries)
      if ((JSON.parse(fields[9]!) as SightlineEvent).type.length === 0) return;
    await client.xack(keys.events(), GROUP, ...entries.map(([id]) => id));
    count += entries.length;
  }
}

/** Milliseconds from `write` to delivery, of events that come at an even rate. */
async function latenciesAt(url: string, rate: number): Promise<number[]> {
  const events = trackEvents(rate * LATENCY_SECONDS);
  const sink = await createRedisSink({ url, namespace: 'bench', maxLen: 1_000_000 });
  const subscription = subscribeEvents({ url, namespace: 'bench' });
  await subscription.ready;
  const writtenMs = new Map<string, number>();
  const latencies: number[] = [];
  const consumed = (async () => {
    for await (const delivery of subscription) {
      if (delivery.kind !== 'event') continue;
      latencies.push(performance.now() - writtenMs.get(delivery.event.id)!);
      if (latencies.length === events.length) break;
    }
  })();
  const startMs = performance.now();
  for (const [index, event] of events.entries()) {
    const dueMs = startMs + (index * 1000) / rate;
    if (performance.now() < dueMs)
      await new Promise((resolve) => setTimeout(resolve, dueMs - performance.now()));
    writtenMs.set(event.id, performance.now());
    await sink.write(event);
  }
  await consumed;
  await sink.close();
  return latencies;
}
