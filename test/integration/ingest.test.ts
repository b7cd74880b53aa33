import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventSchema } from '../../models/domain/event';
import type { SightlineEvent } from '../../models/domain/event';
import { createRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { createQueueLab } from '../support/queue-lab';
import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { PLAZA, killAll, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

const CAMERAS = ['a', 'b', 'c', 'd'];
/** A lease's life and two seconds. */
const MOVED_WITHIN_MS = 12_000;
const REBALANCED_WITHIN_MS = 30_000;

describe('ingest processes that share cameras', () => {
  const folder = tempFolder();
  const lab = createQueueLab(folder);
  const configPath = join(folder, 'cameras.yaml');
  const ingests: SightlineRun[] = [];
  let redis: RedisServer;
  let client: RedisClient;

  beforeAll(() => {
    const cameras = CAMERAS.map((name) => `  ${name}: { url: '${PLAZA}', loop: true, maxFps: 4 }`);
    writeFileSync(configPath, ['cameras:', ...cameras, ''].join('\n'));
  });

  beforeEach(async () => {
    redis = await startRedisServer();
    client = createRedis({ url: redis.url, role: 'consumer', purpose: 'test' });
    await lab.startWorker(redis.url);
  });

  afterEach(async () => {
    killAll(ingests.splice(0));
    await lab.clear();
    client.disconnect();
    await redis.close();
  });

  function startIngest(): SightlineRun {
    const access = ['--queue', redis.url, '--events', redis.url];
    const ingest = startSightline(folder, ['ingest', '--config', configPath, ...access]);
    ingests.push(ingest);
    return ingest;
  }

  /** Camera to owner, of those that have one. */
  async function owners(): Promise<ReadonlyMap<string, string>> {
    const values = await Promise.all(CAMERAS.map((camera) => client.get(`sightline:lease:{${camera}}`)));
    return new Map(
      CAMERAS.flatMap((camera, index) => (values[index] === null ? [] : [[camera, values[index]!]])),
    );
  }

  /** How many cameras each process has, sorted. */
  async function shares(): Promise<readonly number[]> {
    const all = [...(await owners()).values()];
    return [...new Set(all)].map((owner) => all.filter((other) => other === owner).length).sort();
  }

  const untilShared = (expected: readonly number[], timeoutMs: number) =>
    waitFor(async () => (await shares()).join() === expected.join(), {
      what: `shares ${expected.join()}`,
      timeoutMs,
    });

  async function events(): Promise<readonly SightlineEvent[]> {
    const entries = await client.xrange('sightline:events:0', '-', '+');
    return entries.map(([, fields]) => eventSchema.parse(JSON.parse(fields[fields.indexOf('data') + 1]!)));
  }

  /** The id that a process gave itself, by a camera that it took and did not give away. */
  async function idOf(ingest: SightlineRun): Promise<string> {
    const said = ingest.stderr();
    const mine = CAMERAS.find(
      (camera) => said.includes(`${camera}: runs here now`) && !said.includes(`${camera}: given back`),
    );
    return (await owners()).get(mine!)!;
  }

  it('move the cameras of one that is killed to the others, and rebalance when one joins', async () => {
    const first = startIngest();
    await untilShared([4], 15_000);
    const second = startIngest();
    await untilShared([2, 2], REBALANCED_WITHIN_MS);
    const survivor = await idOf(first);
    const seen = (await events()).length;
    second.child.kill('SIGKILL');
    await untilShared([4], MOVED_WITHIN_MS);
    expect([...new Set((await owners()).values())]).toEqual([survivor]);
    await waitFor(
      async () => {
        const later = (await events()).slice(seen);
        return CAMERAS.every((camera) => later.some(({ subject }) => subject === camera));
      },
      { what: 'events of every camera', timeoutMs: 20_000 },
    );
    startIngest();
    await untilShared([2, 2], REBALANCED_WITHIN_MS);
  });

  it('let nothing of one that was stopped past its leases into the log after its successor began', async () => {
    const first = startIngest();
    await untilShared([4], 15_000);
    await waitFor(async () => (await events()).some(({ type }) => type === 'track.updated'), {
      what: 'tracks',
    });
    const stopped = await idOf(first);
    process.kill(first.pid, 'SIGSTOP');
    const second = startIngest();
    await waitFor(async () => [...(await owners()).values()].filter((id) => id !== stopped).length === 4, {
      what: 'the successor',
      timeoutMs: 20_000,
    });
    await waitFor(() => CAMERAS.every((camera) => second.stderr().includes(`${camera}: runs here now`)), {
      what: 'its cameras',
    });
    const count = (await events()).length;
    await waitFor(async () => (await events()).length > count + 8, { what: 'its events', timeoutMs: 20_000 });
    process.kill(first.pid, 'SIGCONT');
    await waitFor(() => first.stderr().includes('another process may run it by now'), { what: 'the loss' });
    await untilShared([2, 2], REBALANCED_WITHIN_MS);

    for (const camera of CAMERAS) {
      // What the successor ends of the stopped one bears the epoch in which it was seen last.
      const epochs = (await events())
        .filter(({ subject, data }) => subject === camera && !('reason' in data && data.reason === 'restart'))
        .map(({ data }) => data.epoch);
      // Live epochs are the milliseconds at which they began: whoever began later is the successor.
      expect(epochs).toEqual([...epochs].sort((one, other) => one - other));
    }
    for (const ingest of [first, second]) ingest.child.kill('SIGTERM');
    expect(await Promise.all([first.ended, second.ended])).toEqual([0, 0]);
    const left = (await events()).filter(({ type }) => type === 'track.started' || type === 'track.ended');
    expect(left.length).toBeGreaterThan(0);
    // What the stopped process had begun, its successor has ended.
    const idsOf = (type: string) => left.filter((event) => event.type === type).map(trackOf).sort(); // prettier-ignore
    expect(idsOf('track.ended')).toEqual(idsOf('track.started'));
    expect(await client.keys('{sightline:events:0}:open:*')).toEqual([]);
    expect(await client.exists('sightline:ingests')).toBe(0);
    expect((await owners()).size).toBe(0);
  });
});

function trackOf(event: SightlineEvent): string {
  return 'trackId' in event.data ? event.data.trackId : '';
}
