import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventSchema } from '../../models/domain/event';
import type { SightlineEvent } from '../../models/domain/event';
import { createRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { startRtspServer } from '../fixtures/rtsp-server';
import type { RtspServer } from '../fixtures/rtsp-server';
import { createQueueLab } from '../support/queue-lab';
import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { PLAZA, eventsOf, killAll, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

/** Most of the picture, so that whoever is there is in it. */
const RULES = 'zones: { plaza: { points: [[0, 0], [1, 0], [1, 1], [0, 1]], enterMs: 200, occupancy: {} } }';

describe('the log of a camera whose process was killed', () => {
  const folder = tempFolder();
  const lab = createQueueLab(folder);
  const configPath = join(folder, 'cameras.yaml');
  const runs: SightlineRun[] = [];
  let camera: RtspServer;
  let redis: RedisServer;
  let client: RedisClient;

  beforeEach(async () => {
    redis = await startRedisServer();
    client = createRedis({ url: redis.url, role: 'consumer', purpose: 'test' });
    camera = await startRtspServer({ video: PLAZA, reencode: false });
  });
  afterEach(async () => {
    killAll(runs.splice(0));
    await lab.clear();
    await camera.close();
    client.disconnect();
    await redis.close();
  });

  function start(...args: readonly string[]): SightlineRun {
    const run = startSightline(folder, [...args, '--config', configPath, '--events', redis.url]);
    runs.push(run);
    return run;
  }

  function configure(resumeWindowMs: number): void {
    const settings = `maxFps: 5, resumeWindowMs: ${resumeWindowMs}, track: { forgetAfterMs: 4000 }, ${RULES}`;
    writeFileSync(configPath, `cameras:\n  plaza: { url: '${camera.url()}', ${settings} }\n`);
  }

  async function events(): Promise<readonly SightlineEvent[]> {
    const entries = await client.xrange('sightline:events:0', '-', '+');
    return entries.map(([, fields]) => eventSchema.parse(JSON.parse(fields[fields.indexOf('data') + 1]!)));
  }

  const until = (what: string, condition: (all: readonly SightlineEvent[]) => boolean, timeoutMs = 30_000) =>
    waitFor(async () => condition(await events()), { what, timeoutMs });
  const tracksIn = (all: readonly SightlineEvent[]) => eventsOf(all, 'track.started');
  const isOver = (all: readonly SightlineEvent[], trackId: string) =>
    eventsOf(all, 'track.ended').some(({ data }) => data.trackId === trackId);

  /** Kills the process while it follows somebody, and gives the tracks that are open then. */
  async function killWithOpenTracks(run: SightlineRun): Promise<readonly string[]> {
    await until('tracks', (all) => eventsOf(all, 'zone.entered').length >= 2);
    run.child.kill('SIGKILL');
    await run.ended;
    killAll([run]);
    const all = await events();
    const open = tracksIn(all)
      .map(({ data }) => data.trackId)
      .filter((trackId) => !isOver(all, trackId));
    expect(open).not.toEqual([]);
    return open;
  }

  /** Each start has one end, each visit one leave, and no id is used for two events. */
  async function expectBalance(): Promise<void> {
    const all = await events();
    const idsOf = (type: 'track.started' | 'track.ended' | 'zone.entered' | 'zone.left') =>
      eventsOf(all, type)
        .map(({ data }) => data.trackId)
        .sort();
    expect(idsOf('track.ended')).toEqual(idsOf('track.started'));
    expect(new Set(idsOf('track.started')).size).toBe(idsOf('track.started').length);
    expect(idsOf('zone.left')).toEqual(idsOf('zone.entered'));
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(eventsOf(all, 'occupancy.changed').at(-1)!.data.count).toBe(0);
    expect(await client.keys('{sightline:events:0}:open:*')).toEqual([]);
  }

  it('goes on where it ended, when the next one is there in time', async () => {
    configure(120_000);
    const open = await killWithOpenTracks(start('run'));
    const seen = (await events()).length;
    const next = start('run');
    await until('a track to go on', (all) =>
      eventsOf(all.slice(seen), 'track.updated').some(
        ({ data }) => open.includes(data.trackId) && data.isVisible,
      ),
    );
    expect(
      eventsOf((await events()).slice(0, seen + 1), 'track.ended').map(({ data }) => data.reason),
    ).not.toContain('restart');
    next.child.kill('SIGINT');
    expect(await next.ended).toBe(0);
    const later = (await events()).slice(seen);
    expect(later.filter(({ type }) => type === 'track.started').map(({ data }) => data.epoch)).not.toContain(
      tracksIn(await events())[0]!.data.epoch,
    );
    await expectBalance();
  });

  it('tells the ends of what nobody waits for any more, also by another process with another configuration', async () => {
    configure(0);
    const open = await killWithOpenTracks(start('run'));
    const seen = (await events()).length;
    configure(1000);
    const next = start('run');
    await until('ends', (all) => open.every((trackId) => isOver(all, trackId)));
    const ends = eventsOf((await events()).slice(seen), 'track.ended');
    expect(ends.slice(0, open.length).map(({ data }) => [data.trackId, data.reason])).toEqual(
      open.map((trackId) => [trackId, 'restart']),
    );
    next.child.kill('SIGINT');
    expect(await next.ended).toBe(0);
    await expectBalance();
  });

  it('ends what another reading of the same file left, once it was read in full', async () => {
    const write = (minScore: number) =>
      writeFileSync(configPath, `cameras:\n  plaza: { url: '${PLAZA}', minScore: ${minScore}, ${RULES} }\n`);
    write(0.35);
    const open = await killWithOpenTracks(start('run'));
    write(0.4);
    const seen = (await events()).length;
    expect(await start('run').ended).toBe(0);
    const later = (await events()).slice(seen);
    const restarted = eventsOf(later, 'track.ended').filter(({ data }) => data.reason === 'restart');
    expect(open).toEqual(expect.arrayContaining(restarted.map(({ data }) => data.trackId)));
    expect(await client.keys('{sightline:events:0}:open:*')).toEqual([]);
  });

  it('holds with processes that share their cameras', async () => {
    configure(120_000);
    await lab.startWorker(redis.url);
    const first = start('ingest', '--queue', redis.url);
    await until('the first', (all) => tracksIn(all).length > 0);
    const successor = start('ingest', '--queue', redis.url);
    const open = await killWithOpenTracks(first);
    const seen = (await events()).length;
    await until('the successor to know what became of the tracks', (all) => {
      const later = all.slice(seen);
      return open.every((trackId) => later.some(({ data }) => 'trackId' in data && data.trackId === trackId));
    });
    successor.child.kill('SIGTERM');
    expect(await successor.ended).toBe(0);
    await expectBalance();
  });
});
