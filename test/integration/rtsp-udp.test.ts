import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import type { EventType } from '../../models/domain/event';
import { makeVideo } from '../fixtures/make-video';
import { rtspFixture } from '../support/rtsp-fixture';
import { PLAZA, eventsOf, killAll, readEvents, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

describe('cameras over UDP', () => {
  const folder = tempFolder();
  const runs: SightlineRun[] = [];
  const fixture = rtspFixture(() => PLAZA);
  let eventsPath: string;
  let count = 0;

  afterEach(() => killAll(runs.splice(0)));

  /** Runs cameras, each a flow mapping of YAML. */
  function start(cameras: Readonly<Record<string, string>>): SightlineRun {
    eventsPath = join(folder, `events-${++count}.jsonl`);
    const config = join(folder, `cameras-${count}.yaml`);
    const lines = Object.entries(cameras).map(([name, camera]) => `  ${name}: { ${camera}, maxFps: 5 }`);
    writeFileSync(config, `cameras:\n${lines.join('\n')}\nevents: [{ type: jsonl, path: ${eventsPath} }]\n`);
    const run = startSightline(folder, ['run', '--config', config]);
    runs.push(run);
    return run;
  }

  const overUdp = ({ url }: { url: () => string }) => `url: "${url()}", rtspTransport: udp`;
  const of = <T extends EventType>(type: T, camera: string) =>
    eventsOf(readEvents(eventsPath), type).filter(({ subject }) => subject === camera);
  const until = (what: string, condition: () => boolean) => waitFor(condition, { what, timeoutMs: 40_000 });
  const statesOf = (camera: string) =>
    readEvents(eventsPath)
      .filter(({ type, subject }) => type.startsWith('camera.') && subject === camera)
      .map(({ type, data }) => type.slice('camera.'.length) + ('cause' in data ? ` ${data.cause}` : ''));

  it('are watched: packets out of order are put in order, lost ones are told of, and neither ends the stream', async () => {
    // Pictures of one packet each: a lost one is a whole picture, of whose absence the decoder says nothing.
    const small = await makeVideo.plain(folder, { size: '64x64', seconds: 4 });
    const [sound, lossy, gappy, shuffled] = await Promise.all([
      fixture.start({ transports: ['udp'], reencode: false }),
      fixture.start({ transports: ['udp'] }),
      fixture.start({ transports: ['udp'], video: small }),
      fixture.start({ transports: ['udp'] }),
    ]);
    start({
      sound: overUdp(sound),
      lossy: overUdp(lossy),
      gappy: overUdp(gappy),
      shuffled: overUdp(shuffled),
    });
    const cameras = ['sound', 'lossy', 'gappy', 'shuffled'];
    await until('the cameras', () => cameras.every((name) => of('camera.online', name).length > 0));
    await until('tracks', () => of('track.updated', 'sound').length > 3);
    lossy.lose(0.05);
    gappy.lose(0.3);
    shuffled.reorder(0.2);
    await until('the losses', () =>
      ['lossy', 'gappy'].every((name) => statesOf(name).includes('degraded corrupt')),
    );
    expect(of('camera.degraded', 'gappy')[0]!.data.detail).toMatch(/^RTP: missed \d+ packets$/);
    const seen = { lossy: of('track.updated', 'lossy').length, shuffled: shuffled.sent };
    await until('tracks in spite of them', () => of('track.updated', 'lossy').length > seen.lossy + 3);
    await until('reordered pictures', () => shuffled.sent > seen.shuffled + 30);
    expect([statesOf('sound'), statesOf('shuffled')]).toEqual([['online'], ['online']]);
    for (const name of ['lossy', 'gappy']) expect(statesOf(name)).toEqual(['online', 'degraded corrupt']);
  });

  it('that fall silent, end, or send nothing from the start are away, each with its cause', async () => {
    const [silent, gone, blocked] = await Promise.all([
      fixture.start({ transports: ['udp'], reencode: false }),
      fixture.start({ transports: ['udp'], reencode: false }),
      // The connection works and no datagram comes, as behind a firewall.
      fixture.start({ transports: ['udp'], firstPictureDelayMs: 600_000, senderReportIntervalMs: 600_000 }),
    ]);
    const run = start({ silent: overUdp(silent), gone: overUdp(gone), blocked: overUdp(blocked) });
    await until('tracks', () => ['silent', 'gone'].every((name) => of('track.updated', name).length > 0));

    // Its host answers nothing any more, as without power: silence is all that tells.
    silent.freeze();
    await until('the silence', () => of('camera.offline', 'silent').length > 0);
    const [stall] = of('camera.offline', 'silent');
    expect(stall!.data.cause).toBe('stalled');
    const [, silentS] = /expected the next picture, got none for (\S+) s/.exec(stall!.data.detail!)!;
    // 5 s, and FFmpeg alone would take 16.
    expect(Number(silentS)).toBeLessThan(8);
    silent.resume();
    await until('its return', () => of('camera.online', 'silent').length > 1);

    // Its host closes the connection of RTSP, over which no picture comes.
    await gone.kill();
    await until('the loss', () => of('camera.offline', 'gone').length > 0);
    expect(of('camera.offline', 'gone')[0]!.data.cause).toBe('ended');
    await gone.restart();
    await until('the return', () => of('camera.online', 'gone').length > 1);

    await until('the firewall', () => of('camera.offline', 'blocked').length > 0);
    expect(of('camera.offline', 'blocked')[0]!.data).toMatchObject({
      cause: 'timeout',
      detail: expect.stringContaining('set rtspTransport: tcp') as string,
    });
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
  });

  it.each([
    ['udp', 'tcp'],
    ['tcp', 'udp'],
  ] as const)('are told which transport to ask for where they have %s alone', async (has, asked) => {
    const server = await fixture.start({ transports: [has], reencode: false });
    const run = start({ a: `url: "${server.url()}", rtspTransport: ${asked}` });
    await until('the refusal', () => of('camera.offline', 'a').length > 0);
    expect(of('camera.offline', 'a')[0]!.data).toMatchObject({
      cause: 'transport',
      detail: expect.stringMatching(
        new RegExp(`\\(${asked.toUpperCase()}\\), got a refusal \\(.*461 .*; set rtspTransport: ${has}$`),
      ) as string,
    });
    await until('the line', () => run.stderr().includes(`set rtspTransport: ${has}; trying again`));
    // FFmpeg did not ask for the other one by itself.
    expect(server.playing).toBe(0);
  });
});
