import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cameraId } from '../../models/domain/frame';
import { TEST_PATTERNS } from '../../models/domain/test-pattern';
import { eventSourceOf } from '../../pipeline/event-source';
import { httpCameras, jpegsOf, mjpeg } from '../support/http-camera';
import { failureOf, picturesOf } from '../support/input-facts';
import { adviceOf, probeLab } from '../support/probes';
import { eventsOf, killAll, readEvents, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

const SOURCE = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=10'];
const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '10', '-pix_fmt', 'yuv420p'];

const folder = tempFolder();
const at = (name: string) => join(folder, name);
const children: ChildProcess[] = [];
const runs: SightlineRun[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  killAll(runs.splice(0));
});

/** An even port of loopback on which nobody listens; RTCP takes the odd one after it. */
async function freeRtpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port - (port % 2);
}

describe('RTP that an SDP file describes', () => {
  it('is joined between key frames, and keeps its times', async () => {
    const sdp = at('stream.sdp');
    const target = `rtp://127.0.0.1:${await freeRtpPort()}`;
    const args = ['-v', 'error', ...SOURCE, ...X264, '-f', 'rtp', '-sdp_file', sdp, target];
    children.push(spawn('ffmpeg', args, { stdio: 'ignore' }));
    await waitFor(() => existsSync(sdp) && readFileSync(sdp, 'utf8').includes('H264'), { what: 'the SDP' });
    const pictures = await picturesOf({ kind: 'sdp', location: sdp }, 'live', 10);
    const steps = pictures.slice(1).map(({ ptsMs }, index) => ptsMs! - pictures[index]!.ptsMs!);
    // Where the first RTCP report comes after the first pictures, FFmpeg (5.1) moves the times once, to the sender's clock.
    expect(steps.filter((step) => Math.abs(step - 100) > 0.005).length).toBeLessThanOrEqual(1);
  });

  it('reads no other file, whatever the description says', async () => {
    writeFileSync(
      at('evil.sdp'),
      'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\na=control:file:///etc/passwd\n' +
        `m=video ${await freeRtpPort()} RTP/AVP 96\na=rtpmap:96 H264/90000\na=control:file:///etc/passwd\n`,
    );
    const { facts } = await failureOf({ kind: 'sdp', location: at('evil.sdp') }, 2000);
    expect(facts.map(({ kind }) => kind).filter((kind) => kind === 'frame' || kind === 'packet')).toEqual([]);
  });

  it('that is no description is told of', async () => {
    writeFileSync(at('no.sdp'), 'hello\n');
    const { error } = await failureOf({ kind: 'sdp', location: at('no.sdp') });
    expect(error).toMatchObject({ code: 'codec' });
  });
});

describe('a video device', () => {
  it.each([
    ['/dev/video99', 'not_found'],
    ['/dev/null', 'unknown'],
  ])('that is none (%s) fails: %s', async (location, code) => {
    expect((await failureOf({ kind: 'v4l2', location })).error).toMatchObject({ code });
  });
});

describe('a test pattern', () => {
  it.each(TEST_PATTERNS)('%s is a recording of the length asked for', async (pattern) => {
    const frames = await picturesOf({ kind: 'test', location: `${pattern}?seconds=2` }, 'recorded');
    expect(frames.map(({ ptsMs }) => ptsMs)).toEqual(Array.from({ length: 20 }, (_, index) => index * 100));
    expect(frames[0]!.size).toEqual({ width: 640, height: 480 });
  });

  it('has a source of its name and length', async () => {
    const sourceOf = (location: string) =>
      eventSourceOf({ kind: 'test', mode: 'recorded', location, id: cameraId('a') });
    const sources = await Promise.all(
      ['noise?seconds=2', 'noise?seconds=3', 'black?seconds=2'].map(sourceOf),
    );
    expect(new Set(sources).size).toBe(3);
    expect(await sourceOf('noise?seconds=2')).toBe(sources[0]);
  });

  it('runs to its end, or as a camera until it is stopped', async () => {
    const run = (...args: readonly string[]) => {
      const started = startSightline(folder, ['run', ...args, '--processes', '1']);
      runs.push(started);
      return started;
    };
    const recorded = run('test:noise?seconds=2', '--output', at('noise.jsonl'));
    expect(await recorded.ended).toBe(0);
    expect(recorded.stderr()).toMatch(/test-noise: completed, 20 frames/);
    const live = run('test:moving-box', '--output', at('box.jsonl'));
    await waitFor(() => eventsOf(readEvents(at('box.jsonl')), 'camera.online').length === 1, { what: 'it' });
    expect(readEvents(at('box.jsonl'))[0]!.source).toBe('camera/test-moving-box');
    live.child.kill('SIGINT');
    expect(await live.ended).toBe(0);
  });
});

describe('a camera over HTTP', () => {
  const start = httpCameras();
  const { finish, probeOk, probe } = probeLab(folder);
  let jpegs: readonly Buffer[];

  beforeAll(() => {
    const args = ['-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=10', '-t', '1', '-c:v', 'mjpeg'];
    jpegs = jpegsOf(
      execFileSync('ffmpeg', ['-v', 'error', ...args, '-f', 'mpjpeg', '-'], { maxBuffer: 1 << 24 }),
    );
  });

  it('goes away and comes back as any camera, and its password is told to nobody', async () => {
    const camera = await start({ answers: { '/video': mjpeg(jpegs, 100) } });
    const password = 'S3cr3t-p%40ss';
    const output = at('http.jsonl');
    const run = startSightline(folder, [
      ...['run', camera.url('/video', `guard:${password}`), '--processes', '1'],
      ...['--output', output, '--verbose'],
    ]);
    runs.push(run);
    const of = (type: 'camera.online' | 'camera.offline') => eventsOf(readEvents(output), type);
    await waitFor(() => of('camera.online').length === 1, { what: 'the camera', timeoutMs: 20_000 });
    camera.drop();
    await waitFor(() => of('camera.offline').length === 1, { what: 'the outage' });
    await waitFor(() => of('camera.online').length === 2, { what: 'the return', timeoutMs: 20_000 });
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    expect(readEvents(output)[0]!.source).toMatch(/^camera\/localhost-/);
    expect(run.stdout() + run.stderr() + readFileSync(output, 'utf8')).not.toMatch(/S3cr3t|p%40ss|p@ss/);
  });

  it('is probed as it is run, at the rate at which its pictures come', async () => {
    const camera = await start({ answers: { '/video': mjpeg(jpegs, 100) } });
    const result = await probeOk(camera.url('/video', 'guard:S3cr3tWord'), '--seconds', '3');
    expect(result).toMatchObject({ transport: 'http', video: { codec: 'mjpeg', width: 320 } });
    expect(result.video.measuredFps).toBeGreaterThan(7);
    expect(result.video.measuredFps).toBeLessThan(13);
    expect(adviceOf(result)).not.toContain('pts_standing');
    expect(JSON.stringify(result)).not.toContain('S3cr3tWord');
    expect(await probe(camera.url('/none'))).toMatchObject({ error: { code: 'not_found' } });
  });

  it('and all others are probed by their kind', async () => {
    expect(await probeOk('test:smptebars?seconds=2')).toMatchObject({ transport: 'test', measuredMs: 1900 });
    expect(await probe('v4l2:/dev/video99')).toMatchObject({ error: { code: 'not_found' } });
    expect(await probe(at('gone.sdp'))).toMatchObject({ error: { code: 'not_found' } });
    expect(await probe(at('gone/'))).toMatchObject({ error: { code: 'not_found' } });
    expect((await finish(['test:movie=/etc/passwd'])).code).toBe(2);
  });
});
