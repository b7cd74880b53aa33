import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createQueueLab } from '../support/queue-lab';
import { closedPort } from '../support/closed-port';
import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { PLAZA, eventsOf, killAll, readEvents, startSightline } from '../support/sightline';
import type { SightlineRun, StartOptions } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { writeManifest } from '../models/efficientvit/support';
import { waitFor } from '../support/wait-for';

const PASSWORD = 's3cr3t-of-redis';

describe('the command line of a queue', () => {
  const folder = tempFolder();
  const lab = createQueueLab(folder);
  const runs: SightlineRun[] = [];
  let eventsPath: string;
  let count = 0;
  let redis: RedisServer;
  let url: string;

  beforeAll(async () => {
    redis = await startRedisServer(['--requirepass', PASSWORD]);
    url = `redis://:${PASSWORD}@127.0.0.1:${redis.port}`;
  });

  beforeEach(() => {
    eventsPath = join(folder, `events-${count++}.jsonl`);
  });

  afterEach(async () => {
    killAll(runs.splice(0));
    await lab.clear();
  });

  afterAll(() => redis.close());

  function start(args: readonly string[], options?: StartOptions): SightlineRun {
    const run = startSightline(folder, args, options);
    runs.push(run);
    return run;
  }

  it('lets a run wait for its first worker, says how to start one, and names no password', async () => {
    const urlPath = join(folder, 'redis-url');
    writeFileSync(urlPath, `${url}\n`);
    const input = ['--max-fps', '2', '--output', eventsPath, '--queue', `file:${urlPath}`];
    const run = start(['run', PLAZA, ...input]);
    await waitFor(() => run.stderr().includes('no worker for'), { what: 'the notice', timeoutMs: 20_000 });
    expect(run.stderr()).toContain(
      `start one: sightline worker --queue redis://127.0.0.1:${redis.port} --model efficientvit-b0-416x256`,
    );
    const worker = start(['worker', '--processes', '1'], { env: { SIGHTLINE_REDIS_URL: url } });
    expect(await run.ended).toBe(0);
    expect(run.stderr()).toContain('a worker is there for efficientvit-b0-416x256: going on');
    expect(run.stderr()).toContain('plaza: completed, 49 frames looked at');
    expect(eventsOf(readEvents(eventsPath), 'track.started').length).toBeGreaterThan(0);
    // As a wrapper does that signals its child and then its group: one request.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) worker.child.kill(signal);
    expect(await worker.ended).toBe(0);
    expect(worker.stderr()).toMatch(
      /looks at frames for efficientvit-b0-416x256 at redis:\/\/127\S+ with one process on cpu/,
    );
    expect(worker.stderr()).toContain('stopped after 49 frames in');
    for (const { stderr, stdout } of [run, worker]) expect(stderr() + stdout()).not.toContain(PASSWORD);
    for (const { pid } of [run, worker]) expect(processes(pid)).toEqual([]);
  });

  it('takes no answers of a worker with another manifest of the same name and weights, and says so', async () => {
    const relabelled = writeManifest(folder, ({ labels }) => (labels[0] = 'human'));
    const worker = start(['worker', '--processes', '1', '--queue', url, '--model', relabelled]);
    await waitFor(() => worker.stderr().includes('looks at frames'), {
      what: 'the worker',
      timeoutMs: 20_000,
    });
    const run = start(['run', PLAZA, '--max-fps', '2', '--output', eventsPath, '--queue', url]);
    await waitFor(() => run.stderr().includes('no worker for'), { what: 'the notice', timeoutMs: 20_000 });
    expect(run.stderr()).toContain(
      '(workers of efficientvit-b0-416x256 are there, but with another manifest of efficientvit-b0-416x256: ' +
        'other weights, labels, sizes or thresholds): nothing is looked at',
    );
    for (const { child } of [run, worker]) child.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
    expect(worker.stderr()).toContain('stopped after 0 frames');
  });

  it('waits with an ingest for the Redis of its events as for that of its queue, and says where they go', async () => {
    const port = await closedPort();
    const later = `redis://127.0.0.1:${port}`;
    const config = join(folder, 'ingest.yaml');
    const cameras = `cameras: { a: { url: ${PLAZA}, loop: true } }`;
    writeFileSync(
      config,
      `${cameras}\nqueue: { url: '\${LATER}' }\nevents: [{ type: redis, url: '\${LATER}' }]\n`,
    );
    const options = { env: { LATER: later } };
    const ingest = start(['ingest', '--config', config, '--log-format', 'json'], options);
    await waitFor(() => ingest.stderr().includes('trying again until it answers'), { what: 'the wait' });
    const server = await startRedisServer([], { port });
    try {
      await waitFor(() => ingest.stderr().includes('runs here now'), {
        what: 'the camera',
        timeoutMs: 30_000,
      });
      expect(ingest.stderr()).toContain(`events: ${later}, stream sightline:events:0`);
      ingest.child.kill('SIGTERM');
      expect(await ingest.ended).toBe(0);
    } finally {
      await server.close();
    }
    // The summary too.
    const lines = ingest.stderr().trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg).at(-1)).toContain(
      'events: redis://',
    );
  });

  it('ends a run that Ctrl-C finds waiting for workers, with every frame counted', async () => {
    const run = start(['run', PLAZA, '--output', eventsPath, '--queue', url]);
    await waitFor(() => eventsOf(readEvents(eventsPath), 'camera.online').length === 1, {
      what: 'the camera',
    });
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    expect(run.stderr()).toMatch(/plaza: stopped, 0 frames looked at, \d+ dropped/);
    // Ten seconds later it would have advised to start one.
    expect(run.stderr()).not.toContain('no worker');
    expect(readEvents(eventsPath).at(-1)).toMatchObject({ type: 'camera.offline' });
  });

  it('says that a model is known nowhere, instead of how to start a worker that would fail', async () => {
    const run = start(['run', PLAZA, '--output', eventsPath, '--queue', url, '--model', 'nope']);
    await waitFor(() => run.stderr().includes('nope'), { what: 'the notice', timeoutMs: 20_000 });
    expect(run.stderr()).toMatch(
      /no worker at redis:\/\/\S+ has told of a model named nope \(known there: efficientvit-b0-416x256\), and it is none of the bundled efficientvit/,
    );
    expect(run.stderr()).not.toContain('start one');
    run.child.kill('SIGINT');
    await run.ended;
  });

  it.each([
    ['run', [PLAZA]],
    ['worker', []],
  ])('refuses a wrong password at once: %s', async (command, inputs) => {
    const wrong = `redis://:wrong-password@127.0.0.1:${redis.port}`;
    const run = start([command, ...inputs, '--queue', wrong]);
    expect(await run.ended).toBe(1);
    expect(run.stderr()).toContain(`auth: redis://127.0.0.1:${redis.port}: expected to be let in`);
    expect(run.stderr()).not.toContain('wrong-password');
  });

  it('waits for a Redis that is still to come, and says so', async () => {
    await redis.stop();
    const worker = start(['worker', '--processes', '1', '--queue', url]);
    await waitFor(() => worker.stderr().includes('trying again until it answers'), {
      what: 'the notice',
      timeoutMs: 20_000,
    });
    await redis.start();
    await waitFor(() => worker.stderr().includes('looks at frames'), { what: 'the worker' });
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
  });

  it('says what a command lacks', async () => {
    const lacking = start(['worker'], { env: { SIGHTLINE_REDIS_URL: '' } });
    expect(await lacking.ended).toBe(2);
    expect(lacking.stderr()).toBe(
      'sightline: worker: expected --queue redis://host:6379 or SIGHTLINE_REDIS_URL, got neither\n',
    );
    const recording = start(['ingest', PLAZA, '--queue', url, '--output', join(folder, 'never.jsonl')]);
    expect(await recording.ended).toBe(2);
    expect(recording.stderr()).toContain('ingest: expected live cameras, got the recording plaza');
  });

  /** Processes that have this one for a parent. */
  function processes(pid: number): readonly string[] {
    try {
      return [readFileSync(`/proc/${pid}/cmdline`, 'utf8')];
    } catch {
      return [];
    }
  }
});
