import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventType } from '../../models/domain/event';
import { startRtspServer } from '../fixtures/rtsp-server';
import type { RtspServer, RtspServerOptions } from '../fixtures/rtsp-server';
import { closedPort } from '../support/closed-port';
import { PLAZA, eventsOf, killAll, readEvents, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';
import { copyModel } from '../workers/support/pool-fixture';

describe('a run on cameras', () => {
  const folder = tempFolder();
  const runs: SightlineRun[] = [];
  const servers: RtspServer[] = [];
  let eventsPath: string;
  let count = 0;

  beforeEach(() => {
    eventsPath = join(folder, `events-${count++}.jsonl`);
  });

  afterEach(async () => {
    killAll(runs.splice(0));
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function startServer(options: Partial<RtspServerOptions> = {}): Promise<RtspServer> {
    const server = await startRtspServer({ video: PLAZA, reencode: false, ...options });
    servers.push(server);
    return server;
  }

  function start(...args: readonly string[]): SightlineRun {
    const run = startSightline(folder, ['run', ...args, '--output', eventsPath]);
    runs.push(run);
    return run;
  }

  const events = () => readEvents(eventsPath);
  const of = <T extends EventType>(type: T) => eventsOf(events(), type);
  const until = (what: string, condition: () => boolean, timeoutMs = 20_000) =>
    waitFor(condition, { what, timeoutMs });

  it('reports what is there now, its outage and its return, and ends in good order', async () => {
    const server = await startServer();
    const startedAtMs = Date.now();
    const run = start(server.url());
    await until('tracks', () => of('track.updated').length >= 5);
    const arrivedAtMs = Date.now();
    expect(events()[0]).toMatchObject({
      type: 'camera.online',
      source: expect.stringMatching(/^camera\//) as string,
      data: { source: { width: 768, height: 576 } },
    });
    const updates = of('track.updated');
    const capturedAtMs = updates.map(({ data }) => data.capturedAtMs!);
    expect(capturedAtMs).toEqual([...capturedAtMs].sort((a, b) => a - b));
    expect(capturedAtMs[0]).toBeGreaterThan(startedAtMs - 1000);
    expect(capturedAtMs.at(-1)).toBeLessThanOrEqual(arrivedAtMs);
    expect(arrivedAtMs - capturedAtMs.at(-1)!).toBeLessThan(1000 + 1000);

    await server.kill();
    await until('the outage', () => of('camera.offline').length === 1);
    expect(of('camera.offline')[0]!.data.cause).toMatch(/^(ended|refused|timeout)$/);
    await server.restart();
    await until('the return', () => of('camera.online').length === 2);
    const [first, second] = of('camera.online');
    expect(second!.data.epoch).toBeGreaterThan(first!.data.epoch);
    const started = of('track.started').length;
    await until('new tracks', () =>
      of('track.updated').some(({ data }) => data.epoch === second!.data.epoch),
    );
    expect(of('track.started').length).toBeGreaterThanOrEqual(started);
    expect(run.stderr().match(/^info {2}\S+: online, 768x576$/gm)).toHaveLength(2);

    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    expect(of('track.ended')).toHaveLength(of('track.started').length);
    expect(events().at(-1)).toMatchObject({ type: 'camera.offline', data: { cause: 'stopped' } });
  });

  it('notices a camera that sends nothing more, and its return', async () => {
    const server = await startServer();
    start(server.url());
    await until('the camera', () => of('camera.online').length === 1);
    server.freeze();
    await until('the outage', () => of('camera.offline').length === 1);
    expect(of('camera.offline')[0]!.data.cause).toBe('stalled');
    server.resume();
    await until('the return', () => of('camera.online').length === 2);
  });

  it('says that a password is wrong without telling it, and ends while it waits to try again', async () => {
    const server = await startServer({ user: 'guard', password: 'right' });
    const password = 'wr0ng-S3cret';
    const run = start(server.url().replace('//', `//guard:${password}@`), '--verbose');
    await until('the refusal', () => of('camera.offline').length === 1);
    expect(of('camera.offline')[0]!.data).toMatchObject({
      cause: 'auth',
      detail: expect.stringContaining('401') as string,
    });
    await until('the refusal on stderr', () => run.stderr().includes('auth'));
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    const everything = [run.stdout(), run.stderr(), readFileSync(eventsPath, 'utf8')].join('\n');
    expect(everything).not.toContain(password);
  });

  it('keeps watching one camera while another is dead', async () => {
    const server = await startServer();
    const config = join(folder, 'two.yaml');
    writeFileSync(
      config,
      `cameras: { good: { url: ${server.url()} }, dead: { url: rtsp://127.0.0.1:${await closedPort()}/stream } }\n` +
        `events: [{ type: jsonl, path: ${eventsPath} }]\n`,
    );
    const run = startSightline(folder, ['run', '--config', config]);
    runs.push(run);
    await until('the dead one', () => run.stderr().includes('dead: refused'));
    await until('updates of the good one', () => of('track.updated').length >= 5);
    expect(of('camera.online').map(({ subject }) => subject)).toEqual(['good']);
    expect(of('camera.offline').map(({ subject, data }) => [subject, data.cause])).toEqual([
      ['dead', 'refused'],
    ]);
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    expect(run.stderr()).toMatch(/good: stopped, \d+ frames looked at/);
  });

  it('stays current and small when the detector is far too slow', async () => {
    const server = await startServer();
    const model = copyModel(folder, { kind: 'delay', afterFrames: 0, delayMs: 400 });
    const run = start(server.url(), '--model', model, '--processes', '1', '--batch', '1');
    const lagsMs: number[] = [];
    const memoryMib: number[] = [];
    let seen = 0;
    await until('eight seconds of events', () => {
      const all = events();
      for (const { data } of all.slice(seen)) {
        if ('capturedAtMs' in data && data.capturedAtMs !== undefined)
          lagsMs.push(Date.now() - data.capturedAtMs);
      }
      seen = all.length;
      if (seen > 0) memoryMib.push(residentMib(run.pid));
      return seen > 0 && Date.parse(all.at(-1)!.time) - Date.parse(all[0]!.time) > 8000;
    });
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);

    const [, lookedAt, dropped] = /, (\d+) frames looked at .*, (\d+) dropped,/
      .exec(run.stderr())!
      .map(Number);
    expect(dropped).toBeGreaterThan(lookedAt!);
    // At most 500 ms before its batch begins, one batch before it and its own of 400 ms each. What ages in a queue would be
    // eight seconds old at the end.
    expect(Math.max(...lagsMs)).toBeLessThan(3000);
    // A queue of 8 seconds would hold some 12 MiB of pixels, but Node's heap alone breathes by more than that.
    const half = memoryMib.length / 2;
    expect(Math.max(...memoryMib.slice(half))).toBeLessThan(Math.max(...memoryMib.slice(0, half)) + 15);
  });
});

function residentMib(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))!;
  return Math.round(Number(kib) / 1024);
}
