import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { closedPort } from '../support/closed-port';
import { AWKWARD_PASSWORD, adviceOf, probeLab } from '../support/probes';
import { PLAZA } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

const exec = promisify(execFile);
const ffmpeg = (...args: readonly string[]) => exec('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args]);

describe('sightline probe: a camera', () => {
  const folder = tempFolder();
  const inFolder = (name: string) => join(folder, name);
  const { start, finish, probe, probeOk, startServer } = probeLab(folder);

  it('is watched as a run would see it, also where its SDP tells little', async () => {
    const server = await startServer({ sdpParameterSets: false, reencode: true });
    const result = await probeOk(server.url(), '--seconds', '3');
    expect(result).toMatchObject({
      transport: 'rtsp-tcp',
      video: {
        ...{ codec: 'h264', pixelFormat: 'yuv420p', width: 768, height: 576, hasBFrames: false },
        gop: { isMeasured: true, frameCount: 10, ms: 1000 },
      },
      audio: [],
      times: { isMonotonic: true, epochCount: 1 },
      damage: { count: 0 },
    });
    expect(result.video.measuredFps).toBeCloseTo(10, 1);
    expect(result.video.bitrateBps).toBeGreaterThan(0);
    expect(result.connectMs).toBeGreaterThan(0);
    expect(result.firstFrameMs).toBeGreaterThanOrEqual(result.connectMs);
  });

  it('is asked for its pictures over UDP where that is wanted, and over nothing else', async () => {
    const server = await startServer({ transports: ['udp'] });
    const [over, refused] = await Promise.all([
      probeOk(server.url(), '--rtsp-transport', 'udp', '--seconds', '1'),
      probe(server.url()),
    ]);
    expect(over.transport).toBe('rtsp-udp');
    expect(refused).toMatchObject({
      state: 'failed',
      error: {
        code: 'transport',
        detail: expect.stringMatching(/461 .*; set rtspTransport: udp$/) as string,
        remedy: expect.stringContaining('--rtsp-transport') as string,
      },
    });
  });

  it('with B-frames and few key frames is told of', async () => {
    const slow = inFolder('slow.mp4');
    const x264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2', '-g', '250', '-sc_threshold', '0'];
    await ffmpeg('-t', '10', '-i', PLAZA, ...x264, slow);
    const server = await startServer({ video: slow });
    const result = await probeOk(server.url(), '--seconds', '6');
    expect(result.video.gop).toMatchObject({ isMeasured: false });
    expect(adviceOf(result)).toEqual(expect.arrayContaining(['long_gop', 'b_frames']));
  });

  it.each(['refused', 'not_found', 'timeout', 'dns'] as const)('that is away fails: %s', async (code) => {
    const server = await startServer();
    if (code === 'timeout') server.freeze();
    const urls = {
      refused: `rtsp://127.0.0.1:${await closedPort()}/stream`,
      not_found: `${server.url()}/other`,
      timeout: server.url(),
      dns: 'rtsp://no-such-host.invalid/stream',
    };
    const result = await probe(urls[code]);
    expect(result).toMatchObject({ input: urls[code], state: 'failed', error: { code } });
  });

  it('that falls silent while it is watched fails', async () => {
    const server = await startServer();
    const run = start([server.url(), '--seconds', '60', '--json']);
    await waitFor(() => server.playing === 1, { what: 'the probe' });
    await waitFor(() => run.processes().length > 1, { what: 'its decoder' });
    server.freeze();
    expect(await run.ended).toBe(1);
    expect(JSON.parse(run.stdout())).toMatchObject({ state: 'failed', error: { code: 'timeout' } });
  });

  it('gives its password away nowhere, whatever is in it', async () => {
    const server = await startServer({ user: 'guard', password: AWKWARD_PASSWORD });
    const right = server.urlWithCredentials();
    const wrong = right.replace('p%40ss', 'wr%40ng');
    const results = await Promise.all([
      finish([right, '--seconds', '1']),
      finish([right, '--seconds', '1', '--json']),
      finish([wrong]),
      finish([wrong, '--json']),
      // Not percent-encoded, as people paste it.
      finish([`rtsp://guard:${AWKWARD_PASSWORD}@127.0.0.1:${server.port}/stream`]),
    ]);
    expect(results.map(({ code }) => code)).toEqual([0, 0, 1, 1, 2]);
    expect(results[2].stdout).toContain('  verdict      failed: auth: ');
    expect(results[2].stdout).toContain('  remedy       check the user name and password in the URL\n');
    expect(results[3].stdout).toContain('"code": "auth"');
    for (const { stdout, stderr } of results) {
      expect(`${stdout}${stderr}`).toContain('rtsp://***@127.0.0.1');
      for (const part of ['p@ss', 'w/rd', 'p%40ss', 'w%2Frd', 'wr@ng', 'wr%40ng', 'x%20y', 'guard']) {
        expect(`${stdout}${stderr}`).not.toContain(part);
      }
    }
  });

  it('is left in good order on Ctrl-C, with what was seen until then', async () => {
    const server = await startServer();
    const run = start([server.url(), '--seconds', '300']);
    await waitFor(() => decoderWrites(run) > SOME_PICTURES_BYTES, { what: 'pictures', timeoutMs: 30_000 });
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    expect(run.stdout()).toMatch(/ {2}decoding {5}\d+ pictures/);
    expect(run.stderr()).toContain('stopping');
    expect(run.processes()).toEqual([]);
    await waitFor(() => server.connections === 0, { what: 'the end of the connection' });
  });

  it('is left at once by a probe that is stopped while it waits for an answer', async () => {
    const server = await startServer();
    server.freeze();
    const run = start([server.url(), '--json']);
    await waitFor(() => server.connections === 1, { what: 'the probe' });
    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(1);
    expect(JSON.parse(run.stdout())).toEqual({ v: 1, input: server.url(), state: 'stopped' });
    expect(run.processes()).toEqual([]);
  });
});

/** What FFmpeg says of some pictures, and more than what it says before the first. */
const SOME_PICTURES_BYTES = 20_000;

function decoderWrites(run: SightlineRun): number {
  const decoder = run.processes().find(({ command }) => command.includes('-dump'));
  if (decoder === undefined) return 0;
  return Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${decoder.pid}/io`, 'latin1'))?.[1]);
}
