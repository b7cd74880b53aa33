import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { closedPort } from '../support/closed-port';
import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { PLAZA, killAll, parseEvents, readEvents, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

describe('a run that writes to Redis', () => {
  const folder = tempFolder();
  const eventsPath = join(folder, 'events.jsonl');
  const runs: SightlineRun[] = [];
  const servers: RedisServer[] = [];
  const clients: RedisClient[] = [];

  afterEach(async () => {
    killAll(runs.splice(0));
    for (const client of clients.splice(0)) client.disconnect();
    await Promise.all(servers.splice(0).map((server) => server.close()));
    rmSync(eventsPath, { force: true });
  });

  function start(...args: readonly string[]): SightlineRun {
    const run = startSightline(folder, ['run', ...args]);
    runs.push(run);
    return run;
  }

  async function startServer(args: readonly string[] = []): Promise<RedisServer> {
    const server = await startRedisServer(args);
    servers.push(server);
    return server;
  }

  function connect({ url }: RedisServer): RedisClient {
    const client = createRedis({ url, role: 'consumer', purpose: 'test' });
    clients.push(client);
    return client;
  }

  /** The entries of a stream as objects of their fields. */
  async function readStream(client: RedisClient, namespace = 'sightline') {
    const entries = await client.xrange(`${namespace}:events:0`, '-', '+');
    return entries.map(([, fields]) =>
      Object.fromEntries(
        fields.flatMap((name, index) => (index % 2 === 0 ? [[name, fields[index + 1]!]] : [])),
      ),
    );
  }

  const fileLines = () => readFileSync(eventsPath, 'utf8').split('\n').slice(0, -1);

  it('puts exactly the events of the file on the stream, in their order', async () => {
    const server = await startServer();
    const run = start(PLAZA, '--output', eventsPath, '--events', server.url, '--namespace', 'lobby');
    expect(await run.ended).toBe(0);
    const entries = await readStream(connect(server), 'lobby');
    const lines = fileLines();
    expect(lines.length).toBeGreaterThan(100);
    expect(entries).toEqual(
      parseEvents(`${lines.join('\n')}\n`).map(({ type, subject, id }, index) => ({
        type,
        camera: subject,
        id,
        seq: String(index + 1),
        data: lines[index],
      })),
    );
  });

  it('loses nothing when Redis is restarted under it', async () => {
    const server = await startServer();
    const client = connect(server);
    const config = join(folder, 'slow.yaml');
    writeFileSync(
      config,
      `cameras: { plaza: { url: ${PLAZA}, realTime: true, updateIntervalMs: 100 } }\n` +
        `events: [{ type: redis, url: ${server.url} }, { type: jsonl, path: ${eventsPath} }]\n`,
    );
    const run = start('--config', config);
    const untilWritten = (count: number) =>
      waitFor(() => readEvents(eventsPath).length >= count, { what: `${count} events`, timeoutMs: 20_000 });

    await untilWritten(10);
    await server.kill();
    const before = readEvents(eventsPath).length;
    await untilWritten(before + 10);
    await server.start();
    await untilWritten(before + 20);
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);

    const entries = await readStream(client);
    expect(entries.map(({ data }) => data)).toEqual(fileLines());
    expect(await client.keys('{sightline:events:0}:*')).toEqual(['{sightline:events:0}:sequences']);
  });

  it('refuses to start with a wrong password, and does not print it', async () => {
    const server = await startServer(['--requirepass', 'right']);
    const password = 'wr0ng-S3cret';
    const run = start(PLAZA, '--output', eventsPath, '--events', server.url.replace('//', `//:${password}@`));
    expect(await run.ended).toBe(1);
    expect(run.stderr()).toMatch(/^sightline: .*expected to be let in, got WRONGPASS/);
    expect(run.stdout() + run.stderr()).not.toContain(password);
    expect(run.files()).toEqual([]);
  });

  it('refuses to start without Redis, and says where it was looked for', async () => {
    const port = await closedPort();
    const run = start(PLAZA, '--events', `redis://127.0.0.1:${port}`);
    expect(await run.ended).toBe(1);
    expect(run.stderr()).toMatch(
      new RegExp(`^sightline: sink: .*127\\.0\\.0\\.1:${port}.*ECONNREFUSED.*\n$`),
    );
    expect(run.stdout()).toBe('');
    expect(run.files()).toEqual([]);
  });
});
