import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { STREAMS } from '../../config/contract/stream-layout';
import type { EntryField } from '../../config/contract/stream-layout';
import type { SightlineEvent } from '../../models/domain/event';
import { packageRoot } from '../../models/support/package-root';
import { createRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import {
  createAjvCheck,
  inMilliseconds,
  pythonFaults,
  throughCloudEvents,
} from '../support/event-validators';
import { PYTHON, describeWithPython, runPython } from '../support/python';
import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { MAIN, PLAZA, readEvents } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

type Entry = readonly [id: string, fields: readonly string[]];

const STORE_EVENTS = join(packageRoot, 'config/examples/consumers/python/store_events.py');
const REDIS_CLI = join(packageRoot, 'config/examples/consumers/redis-cli.sh');
const SQLITE = join(packageRoot, 'test/support/sqlite-events.py');

const folder = tempFolder();
const children: ChildProcess[] = [];
let server: RedisServer;
let client: RedisClient;
let events: readonly SightlineEvent[];
let entries: readonly Entry[];
let logs = 0;

/** One run of the clip with zones, lines and all other rules, into a file and into Redis. */
beforeAll(async () => {
  server = await startRedisServer();
  client = createRedis({ url: server.url, role: 'consumer', purpose: 'test' });
  const example = readFileSync(join(packageRoot, 'config/examples/rules.yaml'), 'utf8');
  const sinks = `events:\n  - { type: redis, url: "${server.url}" }\n`;
  const config = join(folder, 'rules.yaml');
  writeFileSync(config, example.replace('clips/plaza.mp4', PLAZA).replace('events:\n', sinks));
  execFileSync(process.execPath, [MAIN, 'run', '--config', config], { stdio: 'ignore' });
  events = readEvents(join(folder, 'ruled-plaza.jsonl'));
  entries = await client.xrange('sightline:events:0', '-', '+');
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

afterAll(async () => {
  client.disconnect();
  await server.close();
});

const valueOf = ([, fields]: Entry, name: string) => fields[fields.indexOf(name) + 1]!;

/** A log of its own with the entries of the run, dealt out to shards in turn; gives its namespace. */
async function copiedLog(shards = 1, namespace = `log-${++logs}`): Promise<string> {
  if (shards > 1) await client.hset(`${namespace}:events`, { shards, contract: 1 });
  for (const [index, [, fields]] of entries.entries()) {
    await client.xadd(`${namespace}:events:${index % shards}`, '*', ...fields);
  }
  return namespace;
}

/** How many entries a group has been given and has not acknowledged. */
async function pendingOf(namespace: string, group: string, shard = 0): Promise<number> {
  const [count] = await client.xpending(`${namespace}:events:${shard}`, group);
  return count as number;
}

/** Becomes three shards while a consumer reads the one that a log has before anybody writes to it. */
async function openedLog(namespace: string, group: string): Promise<void> {
  await waitFor(
    async () => {
      const groups = await client.xinfo('GROUPS', `${namespace}:events:0`).catch(() => []);
      return String(groups).includes(group);
    },
    { what: 'its group' },
  );
  await copiedLog(3, namespace);
}

/** A consumer that was given entries and is gone. */
async function leaveBehind(namespace: string, group: string, count: number): Promise<void> {
  const key = `${namespace}:events:0`;
  await client.xgroup('CREATE', key, group, '0');
  await client.xreadgroup('GROUP', group, 'gone', 'COUNT', count, 'STREAMS', key, '>');
}

describe('the events of a run', () => {
  const fault = createAjvCheck('v1');

  it('are many, and of nearly all types that a recording has', () => {
    expect(events.length).toBeGreaterThan(200);
    expect(new Set(events.map(({ type }) => type)).size).toBeGreaterThanOrEqual(11);
  });

  it('are valid by ajv, and as CloudEvents', () => {
    expect(events.map(fault).filter((one) => one !== undefined)).toEqual([]);
    expect(events.map(throughCloudEvents)).toEqual(events.map(inMilliseconds));
  });

  it('are entries with the fields of the contract', () => {
    const layout: readonly EntryField[] = STREAMS.events.fields;
    expect(entries.map((entry) => JSON.parse(valueOf(entry, 'data')) as unknown)).toEqual(events);
    for (const [index, entry] of entries.entries()) {
      const [, fields] = entry;
      expect(fields.filter((_field, at) => at % 2 === 0)).toEqual(layout.map(({ name }) => name));
      for (const { name, pattern = '' } of layout) expect(valueOf(entry, name)).toMatch(new RegExp(pattern));
      const { type, subject, id } = events[index]!;
      const told = ['type', 'camera', 'id', 'seq'].map((name) => valueOf(entry, name));
      expect(told).toEqual([type, subject, id, String(index + 1)]);
    }
  });

  describeWithPython('jsonschema')("by Debian's python3-jsonschema", () => {
    it('are valid', () => {
      expect(pythonFaults('v1', events)).toEqual(events.map(() => null));
    });
  });
});

describeWithPython('redis')('the example in Python', () => {
  const args = (file: string, namespace: string, ...more: readonly string[]) => [
    STORE_EVENTS,
    join(folder, file),
    ...['--url', server.url, '--namespace', namespace],
    ...more,
  ];
  const store = (file: string, namespace: string, ...more: readonly string[]) =>
    execFileSync(PYTHON, args(file, namespace, '--once', ...more), { encoding: 'utf8' });
  const rowsOf = (file: string) =>
    JSON.parse(runPython(SQLITE, ['rows', join(folder, file)], '')) as unknown[][];
  const idsOf = (file: string) => rowsOf(file).map(([id]) => id);
  const ids = () => events.map(({ id }) => id);

  it('stores every event once, in order, as it is, and acknowledges it', async () => {
    const namespace = await copiedLog();
    store('all.db', namespace);
    expect(rowsOf('all.db')).toEqual(
      events.map(({ id, type, subject, time, data }) => [id, type, subject, time, data]),
    );
    expect(await pendingOf(namespace, 'store')).toBe(0);
  });

  it('loses nothing and stores nothing twice when it is killed in the middle of a batch', async () => {
    const namespace = await copiedLog();
    const holder = spawn(PYTHON, [SQLITE, 'lock', join(folder, 'killed.db')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(holder);
    await once(holder.stdout, 'data');
    const victim = spawn(PYTHON, args('killed.db', namespace, '--consumer', 'victim'), { stdio: 'inherit' });
    children.push(victim);
    await waitFor(async () => (await pendingOf(namespace, 'store')) === 100, { what: 'a batch' });
    victim.kill('SIGKILL');
    await once(victim, 'exit');
    holder.stdin.end();
    await once(holder, 'exit');

    store('killed.db', namespace, '--consumer', 'heir', '--claim-after-ms', '1');
    expect(idsOf('killed.db')).toEqual(ids());
    expect(await pendingOf(namespace, 'store')).toBe(0);
  });

  it('takes up its own entries first when it is started again', async () => {
    const namespace = await copiedLog();
    await leaveBehind(namespace, 'store', 10);
    store('again.db', namespace, '--consumer', 'gone');
    expect(idsOf('again.db')).toEqual(ids());
  });

  it('stores nothing twice when everything is delivered again', async () => {
    const namespace = await copiedLog();
    store('twice.db', namespace);
    await client.xgroup('SETID', `${namespace}:events:0`, 'store', '0');
    store('twice.db', namespace);
    expect(idsOf('twice.db')).toEqual(ids());
  });

  it('goes on past entries that were trimmed while they were pending', async () => {
    const namespace = await copiedLog();
    await leaveBehind(namespace, 'store', 10);
    await client.xtrim(`${namespace}:events:0`, 'MAXLEN', entries.length - 5);
    store('trimmed.db', namespace, '--consumer', 'gone');
    expect(idsOf('trimmed.db')).toEqual(ids().slice(5));
    expect(await pendingOf(namespace, 'store')).toBe(0);
  });

  it('reads all shards', async () => {
    const namespace = await copiedLog(3);
    store('shards.db', namespace);
    expect(idsOf('shards.db').sort()).toEqual(ids().sort());
    for (const shard of [0, 1, 2]) expect(await pendingOf(namespace, 'store', shard)).toBe(0);
  });

  it('finds shards that come while it reads', async () => {
    const consumer = args('early.db', 'early-store', '--claim-after-ms', '100');
    children.push(spawn(PYTHON, consumer, { stdio: 'inherit' }));
    await openedLog('early-store', 'store');
    await waitFor(() => rowsOf('early.db').length === events.length, { what: 'all of them' });
    expect(idsOf('early.db').sort()).toEqual(ids().sort());
  });
});

describe('the example with redis-cli', () => {
  function print(namespace: string, env: Readonly<Record<string, string>> = {}) {
    const { stdout, stderr, status } = spawnSync(REDIS_CLI, {
      env: { ...process.env, REDIS_URL: server.url, NAMESPACE: namespace, ONCE: '1', ...env },
      encoding: 'utf8',
    });
    return { lines: stdout.split('\n').slice(0, -1), stderr, status };
  }

  const linesOf = (some: readonly Entry[]) => some.map((entry) => valueOf(entry, 'data'));

  it('prints every event as it is, in order, and acknowledges it', async () => {
    const namespace = await copiedLog();
    expect(print(namespace)).toEqual({ lines: linesOf(entries), stderr: '', status: 0 });
    expect(await pendingOf(namespace, 'print')).toBe(0);
    expect(print(namespace).lines).toEqual([]);
  });

  it('takes over what a dead consumer was given, and what it was itself, trimmed entries aside', async () => {
    const namespace = await copiedLog();
    await leaveBehind(namespace, 'print', 150);
    await client.xreadgroup(
      'GROUP',
      'print',
      'print-1',
      'COUNT',
      10,
      'STREAMS',
      `${namespace}:events:0`,
      '>',
    );
    await client.xtrim(`${namespace}:events:0`, 'MAXLEN', entries.length - 5);
    const { lines, status } = print(namespace, { CLAIM_AFTER_MS: '1' });
    expect(status).toBe(0);
    expect([...lines].sort()).toEqual(linesOf(entries.slice(5)).sort());
    expect(await pendingOf(namespace, 'print')).toBe(0);
  });

  it('reads all shards', async () => {
    const namespace = await copiedLog(3);
    expect(print(namespace).lines.sort()).toEqual(linesOf(entries).sort());
    for (const shard of [0, 1, 2]) expect(await pendingOf(namespace, 'print', shard)).toBe(0);
  });

  it('finds shards that come while it reads', async () => {
    const env = { ...process.env, REDIS_URL: server.url, NAMESPACE: 'early-print' };
    const child = spawn(REDIS_CLI, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const lines = () => text.split('\n').slice(0, -1);
    await openedLog('early-print', 'print');
    await waitFor(() => lines().length === entries.length, { what: 'all of them' });
    expect(lines().sort()).toEqual(linesOf(entries).sort());
  });

  it('says so and fails when Redis refuses', async () => {
    const namespace = await copiedLog();
    await client.set(`${namespace}:events:0`, 'no stream');
    const { stderr, status } = print(namespace);
    expect(status).toBe(1);
    expect(stderr).toContain('WRONGTYPE');
  });
});
