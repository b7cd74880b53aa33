import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeVideo } from '../fixtures/make-video';
import { startRtspServer } from '../fixtures/rtsp-server';
import type { RtspServer } from '../fixtures/rtsp-server';
import { PLAZA, eventsOf, killAll, readEvents, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';
import { copyModel } from '../workers/support/pool-fixture';

/** Pictures of a video, each decoded. A file without its index, or one cut short, has a complaint on stderr. */
function countFrames(path: string): number {
  const args = ['-v', 'error', '-count_frames', '-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0'];
  const { stdout, stderr } = spawnSync('ffprobe', [...args, path], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return Number(stdout);
}

describe('what a run leaves behind', () => {
  const folder = tempFolder();
  const eventsPath = join(folder, 'events.jsonl');
  const videoPath = join(folder, 'annotated.mp4');
  const runs: SightlineRun[] = [];
  const servers: RtspServer[] = [];

  function start(args: readonly string[], tempPath?: string): SightlineRun {
    const run = startSightline(folder, args, tempPath === undefined ? {} : { tempPath });
    runs.push(run);
    return run;
  }

  /** The clip at its own speed, so that it is still running whenever it is stopped. */
  function startSlowly(...args: readonly string[]): SightlineRun {
    const config = join(folder, 'slow.yaml');
    writeFileSync(config, `cameras: { plaza: { url: ${JSON.stringify(PLAZA)}, realTime: true } }`);
    return start(['run', '--config', config, '--output', eventsPath, ...args]);
  }

  async function startServer(): Promise<RtspServer> {
    const server = await startRtspServer({ video: PLAZA, reencode: false });
    servers.push(server);
    return server;
  }

  const untilTracking = () =>
    waitFor(() => eventsOf(readEvents(eventsPath), 'track.updated').length >= 3, {
      what: 'three updates of tracks',
      timeoutMs: 30_000,
    });

  function expectNothingLeft(run: SightlineRun): void {
    expect(run.processes()).toEqual([]);
    expect(run.files()).toEqual([]);
  }

  /** Every track ended, and the last of them because it was told to. */
  function expectStoppedEvents(): void {
    const events = readEvents(eventsPath);
    const started = eventsOf(events, 'track.started').map(({ data }) => data.trackId);
    const ended = eventsOf(events, 'track.ended');
    expect(ended.map(({ data }) => data.trackId).sort()).toEqual([...started].sort());
    expect(ended.at(-1)?.data.reason).toBe('stopped');
    expect(ended.filter(({ data }) => data.reason !== 'lost' && data.reason !== 'stopped')).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: 'camera.offline', data: { cause: 'stopped' } });
    expect(eventsOf(events, 'camera.offline')).toHaveLength(1);
  }

  afterEach(async () => {
    killAll(runs.splice(0));
    await Promise.all(servers.splice(0).map((server) => server.close()));
    for (const path of [eventsPath, videoPath]) rmSync(path, { force: true });
  });

  it('is nothing after a normal end', async () => {
    const clip = await makeVideo.plain(folder, { seconds: 1 });
    const run = start(['run', clip, '--annotate', videoPath, '--output', eventsPath]);
    await waitFor(() => run.files().length > 0, { what: 'the ring, to see that it is found' });
    expect(await run.ended).toBe(0);
    expectNothingLeft(run);
    expect(countFrames(videoPath)).toBe(10);
  });

  it('is nothing after an input that is no video and one that is missing', async () => {
    const text = join(folder, 'text.mp4');
    writeFileSync(text, 'no video at all\n'.repeat(100));
    const run = start(['run', text, join(folder, 'missing.mp4')]);
    expect(await run.ended).toBe(1);
    expectNothingLeft(run);
  });

  it('is nothing but a playable video and whole events after Ctrl-C, sent to the process group as a terminal does', async () => {
    const run = startSlowly('--annotate', videoPath);
    await untilTracking();
    run.interruptGroup();
    expect(await run.ended).toBe(0);
    expectNothingLeft(run);
    expectStoppedEvents();
    const lookedAt = Number(/(\d+) frames looked at/.exec(run.stderr())?.[1]);
    expect(lookedAt).toBeGreaterThan(3);
    expect(countFrames(videoPath)).toBeGreaterThanOrEqual(lookedAt);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'is nothing but a playable video and whole events after %s to an RTSP run alone',
    async (signal) => {
      const server = await startServer();
      const run = start(['run', server.url(), '--output', eventsPath, '--annotate', videoPath]);
      await untilTracking();
      run.child.kill(signal);
      expect(await run.ended).toBe(0);
      expectNothingLeft(run);
      expectStoppedEvents();
      expect(countFrames(videoPath)).toBeGreaterThan(3);
      await waitFor(() => server.connections === 0, { what: 'the end of the connection' });
    },
  );

  it('is nothing after a second Ctrl-C, which does not wait for a detector that hangs', async () => {
    const model = copyModel(folder, { kind: 'hang', afterFrames: 0 });
    const run = startSlowly('--model', model, '--annotate', videoPath);
    await waitFor(() => eventsOf(readEvents(eventsPath), 'camera.online').length === 1, {
      what: 'the first frame, on its way to the detector',
    });
    run.interruptGroup();
    await waitFor(() => run.stderr().includes('stopping'), { what: 'the first to be noticed' });
    let hasEnded = false;
    const ended = run.ended.finally(() => (hasEnded = true));
    // Two within a few milliseconds are one request: a person presses again.
    const pressAgain = () => {
      if (!hasEnded) run.interruptGroup();
      return hasEnded;
    };
    await waitFor(pressAgain, { what: 'the end' });
    expect(await ended).toBe(1);
    expect(run.stderr()).toContain('stopped at once');
    await waitFor(() => run.processes().length === 0, { what: 'the end of the children' });
    expectNothingLeft(run);
  });

  it('is, after SIGKILL, no process, and no file once the next run has started', async () => {
    const server = await startServer();
    const run = start(['run', server.url(), '--output', eventsPath, '--annotate', videoPath]);
    await untilTracking();
    expect(run.processes().filter(({ command }) => /^\S*ffmpeg /.test(command))).toHaveLength(2);
    // A decoder that waits for a frozen camera writes nothing, and does not notice a closed pipe by that.
    server.freeze();
    run.child.kill('SIGKILL');
    await run.ended;
    await waitFor(() => run.processes().length === 0, { what: 'the end of the children', timeoutMs: 20_000 });

    const clip = await makeVideo.plain(folder, { seconds: 1 });
    const next = start(['run', clip, '--quiet', '--output', eventsPath], run.tempPath);
    expect(await next.ended).toBe(0);
    expectNothingLeft(run);
    expectNothingLeft(next);
  });

  it('is nothing when the reader of standard output leaves, as "| head -1" does', async () => {
    const run = start(['run', PLAZA, '--annotate', videoPath]);
    await once(run.child.stdout!, 'data');
    run.child.stdout!.destroy();
    expect(await run.ended).toBe(0);
    expectNothingLeft(run);
    expect(run.stderr()).toContain('plaza: stopped');
  });
});
