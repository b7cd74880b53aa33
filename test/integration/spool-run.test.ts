import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventSchema } from '../../models/domain/event';
import type { SightlineEvent } from '../../models/domain/event';
import { createKeys } from '../../models/domain/keys';
import { createRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { closedPort } from '../support/closed-port';
import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { PLAZA, eventsOf, killAll, readEvents, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

const keys = createKeys('sightline');

describe('a run whose Redis is away for a while', () => {
  const folder = tempFolder();
  let number = 0;
  let spool: string;
  let jsonl: string;
  let config: string;
  let server: RedisServer;
  let client: RedisClient;
  let runs: SightlineRun[];

  beforeEach(async () => {
    const name = `run-${number++}`;
    [spool, jsonl, config] = [
      join(folder, `${name}-spool`),
      join(folder, `${name}.jsonl`),
      join(folder, `${name}.yaml`),
    ];
    server = await startRedisServer();
    client = createRedis({ url: server.url, role: 'consumer', purpose: 'test' });
    runs = [];
  });
  afterEach(async () => {
    killAll(runs);
    client.disconnect();
    await server.close();
  });

  /** The clip again and again, as a camera, and what it tells in a file, too. */
  function start(...args: readonly string[]): SightlineRun {
    writeFileSync(
      config,
      `cameras: { plaza: { url: ${PLAZA}, loop: true, maxFps: 5, updateIntervalMs: 200 } }\n` +
        `events:\n  - { type: redis, url: ${server.url}, spool: { path: ${spool} }, boxes: true }\n` +
        `  - { type: jsonl, path: ${jsonl}, append: true }\n`,
    );
    const run = startSightline(folder, ['run', '--config', config, '--log-format', 'json', ...args]);
    runs.push(run);
    return run;
  }

  async function events(): Promise<SightlineEvent[]> {
    const entries = await client.xrange(keys.events(), '-', '+');
    return entries.map(([, fields]) => eventSchema.parse(JSON.parse(fields[9]!)));
  }
  const told = () => readEvents(jsonl);
  const untilTold = (count: number) =>
    waitFor(() => told().length >= count, { what: `${count} events`, timeoutMs: 30_000 });

  /** Until the camera has told of so much time more. */
  async function untilLater(ms: number): Promise<void> {
    const timeOf = (event: SightlineEvent | undefined) => Date.parse(event?.time ?? '');
    const fromMs = timeOf(told().at(-1));
    await waitFor(() => timeOf(told().at(-1)) - fromMs >= ms, {
      what: `${ms} ms of events`,
      timeoutMs: 60_000,
    });
  }

  const idsOf = (all: readonly SightlineEvent[]) => all.map(({ id }) => id);

  function expectBalance(all: readonly SightlineEvent[]): void {
    const tracksOf = (type: 'track.started' | 'track.ended') =>
      eventsOf(all, type)
        .map(({ data }) => data.trackId)
        .sort();
    expect(tracksOf('track.ended')).toEqual(tracksOf('track.started'));
    expect(new Set(idsOf(all)).size).toBe(all.length);
  }

  const outages: readonly (readonly [string, () => Promise<void> | void, () => Promise<void> | void])[] = [
    ['was killed', () => server.kill(), () => server.start()],
    ['hangs', () => server.freeze(), () => server.thaw()],
  ];
  it.each(outages)(
    'tells all of it in order and once, where Redis %s for ten seconds',
    async (_what, end, begin) => {
      const port = await closedPort();
      const run = start('--metrics', String(port));
      const metric = async (name: string) => {
        const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
        return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
      };
      await untilTold(20);
      expect(await metric('sightline_spool_events')).toBe(0);
      await waitFor(async () => (await client.xlen(keys.boxes('plaza'))) > 3, { what: 'boxes' });
      await end();
      await untilLater(10_000);
      expect(await metric('sightline_spool_events')).toBeGreaterThan(50);
      expect(await metric('sightline_spool_bytes')).toBeGreaterThan(20_000);
      expect(await metric('sightline_spool_oldest_age_seconds')).toBeGreaterThan(5);
      await begin();
      await waitFor(async () => (await metric('sightline_spool_events')) === 0, { what: 'an empty spool' });
      expect(await metric('sightline_spool_replayed_events_total')).toBeGreaterThan(50);
      await untilLater(1000);
      run.child.kill('SIGINT');
      expect(await run.ended).toBe(0);

      const all = await events();
      expect(idsOf(all)).toEqual(idsOf(told()));
      expect(eventsOf(all, 'camera.offline').map(({ data }) => data.cause)).toEqual(['stopped']);
      expectBalance(all);
      expect(readdirSync(spool)).toEqual([]);
      expect(run.stderr()).toMatch(/takes no events: they wait in/);
      expect(run.stderr()).toMatch(/takes events again: \d+ events written from disk/);
    },
  );

  it('tells what it had on disk when it was killed, with the next start', async () => {
    const first = start();
    await untilTold(20);
    await server.kill();
    await untilLater(3000);
    first.child.kill('SIGKILL');
    await first.ended;
    killAll([first]);
    const before = idsOf(told());
    expect(readdirSync(spool)).toHaveLength(1);

    await server.start();
    const second = start();
    await untilTold(before.length + 20);
    second.child.kill('SIGINT');
    expect(await second.ended).toBe(0);
    const all = await events();
    const kept = idsOf(all).findIndex((id) => !before.includes(id));
    // What was told in the last moments never reached the disk.
    expect(idsOf(all).slice(0, kept)).toEqual(before.slice(0, kept));
    expect(kept).toBeGreaterThan(before.length - 20);
    expectBalance(all);
    expect(second.stderr()).toMatch(/\d+ events that an earlier process left in \S+ written from disk/);
    expect(readdirSync(spool)).toEqual([]);
  });

  it('says where events stay when it is stopped meanwhile, and tells them with the next start', async () => {
    const first = start();
    await untilTold(20);
    await server.stop();
    await untilLater(2000);
    first.child.kill('SIGINT');
    expect(await first.ended).toBe(0);
    expect(first.stderr()).toMatch(
      new RegExp(`\\d+ events not written yet: they stay in ${spool} for the next start`),
    );
    const before = told();
    expectBalance(before);

    await server.start();
    const second = start();
    await untilTold(before.length + 5);
    second.child.kill('SIGINT');
    expect(await second.ended).toBe(0);
    expect(idsOf(await events())).toEqual(idsOf(told()));
  });
});
