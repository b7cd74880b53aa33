import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventType } from '../../models/domain/event';
import type { RtspServerOptions } from '../fixtures/rtsp-server';
import { makeVideo } from '../fixtures/make-video';
import { closedPort } from '../support/closed-port';
import { processesWith } from '../support/processes';
import { PLAZA, eventsOf, killAll, readEvents, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { rtspFixture } from '../support/rtsp-fixture';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

const GOOD = ['north', 'east', 'south'] as const;
/** Every sign that can break a URL. */
const PASSWORD = encodeURIComponent('S3cr@t:of/the#cam%era?x y');

describe('one camera among four that misbehaves', () => {
  const folder = tempFolder();
  const runs: SightlineRun[] = [];
  const fixture = rtspFixture(() => PLAZA);
  let eventsPath: string;
  let count = 0;

  beforeEach(() => {
    eventsPath = join(folder, `events-${count++}.jsonl`);
  });

  afterEach(() => killAll(runs.splice(0)));

  const startServer = (options: Partial<RtspServerOptions> = {}) =>
    fixture.start({ reencode: false, ...options });

  /** Runs the given cameras beside three good ones. */
  async function start(cameras: Readonly<Record<string, string>>): Promise<SightlineRun> {
    const good = await startServer();
    const all = { ...Object.fromEntries(GOOD.map((name) => [name, good.url()])), ...cameras };
    const config = join(folder, `cameras-${count}.yaml`);
    const lines = Object.entries(all).map(
      ([name, url]) => `  ${name}: { url: ${JSON.stringify(url)}, maxFps: 5 }`,
    );
    // How much time this machine has is not what is looked at here.
    const others = `saturation: { enabled: false }\nevents: [{ type: jsonl, path: ${eventsPath} }]\n`;
    writeFileSync(config, `cameras:\n${lines.join('\n')}\n${others}`);
    const run = startSightline(folder, ['run', '--config', config]);
    runs.push(run);
    await until('the good cameras', () =>
      GOOD.every((name) => of('camera.online').some(({ subject }) => subject === name)),
    );
    return run;
  }

  const of = <T extends EventType>(type: T) => eventsOf(readEvents(eventsPath), type);
  const until = (what: string, condition: () => boolean, timeoutMs = 30_000) =>
    waitFor(condition, { what, timeoutMs });
  /** What was told of a camera's state, in order. */
  const statesOf = (camera: string) =>
    readEvents(eventsPath)
      .filter(({ type, subject }) => type.startsWith('camera.') && subject === camera)
      .map(({ type, data }) => type.slice('camera.'.length) + ('cause' in data ? ` ${data.cause}` : ''));

  function expectOthersUntouched(): void {
    for (const name of GOOD) expect(statesOf(name)).toEqual(['online']);
  }

  it('says why it cannot be reached, without its password, and leaves the others alone', async () => {
    const [guarded, asleep] = [
      await startServer({ user: 'u', password: 'p' }),
      await startServer({ startDelayMs: 60_000 }),
    ];
    const url = guarded.url();
    const run = await start({
      wrong: url.replace('//', `//u:${PASSWORD}@`),
      nowhere: url.replace('//', '//u:p@').replace(/stream$/, 'elsewhere'),
      refusing: `rtsp://127.0.0.1:${await closedPort()}/stream`,
      unknown: 'rtsp://no-such-host.invalid/stream',
      asleep: asleep.url(),
    });
    const causes = {
      wrong: 'auth',
      nowhere: 'not_found',
      refusing: 'refused',
      unknown: 'dns',
      asleep: 'timeout',
    };
    for (const [camera, cause] of Object.entries(causes)) {
      await until(`${camera}: ${cause}`, () => statesOf(camera).length > 0);
      expect(statesOf(camera)).toEqual([`offline ${cause}`]);
    }
    expectOthersUntouched();
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    const everything = run.stdout() + run.stderr() + readFileSync(eventsPath, 'utf8');
    for (const form of [PASSWORD, decodeURIComponent(PASSWORD), 'S3cr'])
      expect(everything).not.toContain(form);
    expect(processesWith(eventsPath)).toEqual([]);
  });

  it('tells of stalls, losses and other sizes and codecs, each as it comes, and is back each time', async () => {
    const small = await makeVideo.plain(folder, { size: '320x240', seconds: 2 });
    const server = await startServer();
    await start({ bad: server.url() });
    let known = 0;
    /** The next states, all of them. */
    const expectNext = async (what: string, states: readonly string[]) => {
      await until(what, () => statesOf('bad').length >= known + states.length);
      expect(statesOf('bad').slice(known)).toEqual(states);
      known += states.length;
    };
    await expectNext('the camera', ['online']);
    await until('pictures', () => of('track.updated').some(({ subject }) => subject === 'bad'));

    server.freeze();
    await expectNext('the stall', ['offline stalled']);
    server.resume();
    await expectNext('its end', ['online']);

    await server.kill();
    await expectNext('the loss', ['offline ended']);
    await server.restart();
    await expectNext('the return', ['online']);

    const sessions = server.accepted;
    await server.switchTo({ video: small });
    await expectNext('another size', ['degraded resolution_changed', 'online']);
    expect(of('camera.online').at(-1)!.data.source).toEqual({ width: 320, height: 240 });
    expect(server.accepted).toBe(sessions);

    await server.switchTo({ video: small, codec: 'hevc' });
    await expectNext('another codec', ['offline ended', 'degraded codec_changed', 'online']);
    expect(of('camera.online').at(-1)!.data.codec).toBe('hevc');

    await server.switchTo({ video: small, codec: 'h264', inBand: true });
    await until('another codec that no SDP told', () => statesOf('bad').length >= known + 3);
    expect(statesOf('bad').slice(known).at(0)).toMatch(/^(offline|degraded) (corrupt|stalled)$/);
    await until('its end', () => statesOf('bad').slice(-2).join() === 'degraded codec_changed,online');
    const epochs = of('camera.online')
      .filter(({ subject }) => subject === 'bad')
      .map(({ data }) => data.epoch);
    expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b));
    expectOthersUntouched();
  });

  it('goes on through broken packets and wrong times, and says so', async () => {
    const server = await startServer({ reencode: true });
    await start({ bad: server.url() });
    const updates = () => of('track.updated').filter(({ subject }) => subject === 'bad');
    await until('tracks', () => updates().length > 0);

    for (const byMs of [-5000, 60_000]) {
      const epoch = updates().at(-1)!.data.epoch;
      server.jumpTimestamps(byMs);
      await until('another epoch', () => updates().at(-1)!.data.epoch > epoch);
    }
    expect(statesOf('bad')).toEqual(['online']);

    server.freezeTimestamps(true);
    await until('the standing clock', () => statesOf('bad').includes('degraded clock_drift'));
    const standing = updates().length;
    await until('tracks by arrival', () => updates().length > standing + 3);
    server.freezeTimestamps(false);

    server.corrupt(0.2);
    await until('the damage', () => statesOf('bad').includes('degraded corrupt'));
    server.corrupt(0);
    const damaged = updates().length;
    await until('tracks after it', () => updates().length > damaged);
    expect(statesOf('bad').filter((state) => state.startsWith('offline'))).toEqual([]);
    expectOthersUntouched();
  });
});
