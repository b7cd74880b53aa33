import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../models/domain/clock';
import { inputFacts } from '../../operators/sources/input-facts';
import type { InputFactsOptions } from '../../operators/sources/input-facts';
import { closedPort } from '../support/closed-port';
import {
  chunked,
  fileOf,
  guarded,
  httpCameras,
  jpegsOf,
  mjpeg,
  redirect,
  silent,
  text,
} from '../support/http-camera';
import type { Answer } from '../support/http-camera';
import { failureOf, picturesOf } from '../support/input-facts';
import { processesWith } from '../support/processes';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

const SOURCE = ['-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=10'];
const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '10', '-pix_fmt', 'yuv420p'];

describe('a camera over HTTP', () => {
  const folder = tempFolder();
  const at = (name: string) => join(folder, name);
  const start = httpCameras();
  const children: ChildProcess[] = [];
  let jpegs: readonly Buffer[];
  let transportStream: Buffer;

  const ffmpeg = (...args: readonly string[]) => execFileSync('ffmpeg', ['-v', 'error', '-y', ...args]);
  const request = (location: string, timeoutMs?: number): InputFactsOptions['request'] => ({
    kind: 'http',
    location,
    ...(timeoutMs !== undefined && { timeoutMs }),
  });

  beforeAll(() => {
    ffmpeg(...SOURCE, '-t', '4', '-c:v', 'mjpeg', '-f', 'mpjpeg', at('a.mpjpeg'));
    ffmpeg(...SOURCE, '-t', '4', ...X264, at('a.mp4'));
    ffmpeg('-f', 'lavfi', '-i', 'sine', ...SOURCE, '-t', '4', '-map', '0', '-map', '1', ...X264, at('a.ts'));
    jpegs = jpegsOf(readFileSync(at('a.mpjpeg')));
    transportStream = readFileSync(at('a.ts'));
  });

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  it('that sends JPEGs gives each the time of its arrival, since they have none', async () => {
    const camera = await start({ answers: { '/video': mjpeg(jpegs, 50) } });
    const pictures = await picturesOf(request(camera.url('/video')), 'live', 20);
    for (const { ptsMs, arrivedMs } of pictures) {
      const sinceFirstMs = arrivedMs - pictures[0]!.arrivedMs;
      // FFmpeg's own count at 25 a second would be 190 ms behind at the end.
      expect(Math.abs(ptsMs! - pictures[0]!.ptsMs! - sinceFirstMs)).toBeLessThan(150);
    }
    expect(camera.requests[0]!.headers['user-agent']).toMatch(/^sightline\/\d+\.\d+\.\d+/);
  });

  it('that never ends a picture does not fill the memory of its host', async () => {
    let sentBytes = 0;
    const piece = Buffer.alloc(1 << 20, 'q');
    const endless: Answer = (response) => {
      response.writeHead(200, { 'Content-Type': 'multipart/x-mixed-replace; boundary=frame' });
      response.write('--frame\r\nContent-Type: image/jpeg\r\n\r\n');
      const send = () => {
        sentBytes += piece.length;
        response.write(piece);
      };
      response.on('drain', send);
      send();
    };
    const camera = await start({ answers: { '/video': endless } });
    const facts = inputFacts({ request: request(camera.url('/video')), mode: 'live', clock: systemClock });
    const running = facts.subscribe();
    const GiB = 1 << 30;
    await waitFor(() => sentBytes > GiB, { what: 'a gibibyte of one picture', timeoutMs: 50_000 });
    const [child] = processesWith(camera.url('/video'));
    const [, peakKiB] = /VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${child!.pid}/status`, 'utf8'))!;
    expect(Number(peakKiB) * 1024).toBeLessThan(GiB / 2);
    running.unsubscribe();
  });

  it('that sends MPEG-TS keeps its own times, and begins without waiting for more', async () => {
    const camera = await start({ answers: { '/stream': chunked(transportStream, 100, 40) } });
    const pictures = await picturesOf(request(camera.url('/stream')), 'live', 5);
    const steps = pictures.slice(1).map(({ ptsMs }, index) => ptsMs! - pictures[index]!.ptsMs!);
    for (const step of steps) expect(step).toBeCloseTo(100);
    // Looking into the stream as FFmpeg does by itself would take all four seconds of it.
    expect(camera.requests).toHaveLength(1);
    expect(pictures[4]!.arrivedMs - pictures[0]!.arrivedMs).toBeGreaterThan(100);
  });

  it.each(['mpegts', 'fmp4'])(
    'that gives HLS is read from its newest segment on, in its own time (%s)',
    async (type) => {
      const segments = mkdtempSync(at('hls-'));
      const hls = ['-f', 'hls', '-hls_time', '1', '-hls_list_size', '4', '-hls_segment_type', type];
      children.push(
        spawn('ffmpeg', ['-v', 'error', '-re', ...SOURCE, ...X264, ...hls, join(segments, 'live.m3u8')], {
          stdio: 'ignore',
        }),
      );
      await waitFor(() => readFileSync(join(segments, 'live.m3u8'), 'utf8').match(/#EXTINF/g)?.length === 4, {
        what: 'four segments',
        timeoutMs: 20_000,
      });
      const serve = fileOf(segments);
      const camera = await start({ answers: new Proxy({}, { get: () => serve }) });
      const pictures = await picturesOf(request(camera.url('/live.m3u8')), 'live', 20);
      const asked = camera.requests.map(({ url }) => url!).filter((url) => /live\d+\./.test(url));
      const newest = Number(/live(\d+)\./.exec(asked[0]!)![1]);
      expect(newest).toBeGreaterThanOrEqual(3);
      // Twenty pictures are two segments, which would otherwise come in two moments.
      const spanMs = pictures[19]!.arrivedMs - pictures[0]!.arrivedMs;
      expect(spanMs).toBeGreaterThan(1000);
      const gaps = pictures.slice(1).map(({ arrivedMs }, index) => arrivedMs - pictures[index]!.arrivedMs);
      expect(gaps.filter((gap) => gap > 20).length).toBeGreaterThan(10);
    },
  );

  it('is asked for with a user and password that stand in its URL, and tells no other host', async () => {
    const answers = { '/video': mjpeg(jpegs, 20) };
    const other = await start({ answers });
    const there = other.url('/video').replace('localhost', '127.0.0.1');
    const camera = await start({
      answers: {
        '/guarded': guarded('guard:p@ss:w/rd', answers['/video']),
        '/elsewhere': guarded('guard:p@ss:w/rd', redirect(there)),
      },
    });
    const credentials = 'guard:p%40ss%3Aw%2Frd';
    expect(await picturesOf(request(camera.url('/guarded', credentials)), 'live', 2)).toHaveLength(2);
    expect(await picturesOf(request(camera.url('/elsewhere', credentials)), 'live', 2)).toHaveLength(2);
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    const { error } = await failureOf(request(camera.url('/guarded', 'guard:S3cretWrong')));
    expect(error).toMatchObject({ code: 'auth' });
    expect(error!.message).not.toContain('S3cretWrong');
  });

  it('fails with what is wrong', async () => {
    const camera = await start({
      answers: {
        '/silent': silent,
        '/busy': (response) => void response.writeHead(503).end(),
        '/page': text('<html>Please log in</html>'),
      },
    });
    const codeOf = async (url: string) => (await failureOf(request(url, 1000))).error?.code;
    expect(await codeOf(camera.url('/404/401/none'))).toBe('not_found');
    expect(await codeOf(camera.url('/silent'))).toBe('timeout');
    expect(await codeOf(camera.url('/busy'))).toBe('ended');
    expect(await codeOf(camera.url('/page'))).toBe('corrupt');
    expect(await codeOf(`http://127.0.0.1:${await closedPort()}/x`)).toBe('refused');
    expect(await codeOf('http://no-such-host.invalid/x')).toBe('dns');
  });

  it('that gives a recording is refused: a file, or an HLS stream that has ended', async () => {
    mkdirSync(at('vod'));
    ffmpeg('-i', at('a.mp4'), '-c', 'copy', '-f', 'hls', '-hls_list_size', '0', at('vod/old.m3u8'));
    const [files, segments] = [fileOf(folder), fileOf(at('vod'))];
    const camera = await start({
      answers: {
        ...{ '/a.mp4': files, '/a.ts': files },
        ...{ '/old.m3u8': segments, '/old0.ts': segments, '/old1.ts': segments, '/old2.ts': segments },
      },
    });
    for (const path of ['/a.mp4', '/a.ts', '/old.m3u8']) {
      const { error } = await failureOf(request(camera.url(path)));
      expect([path, error?.code, error?.detail]).toEqual([
        path,
        'ended',
        expect.stringContaining('expected a live stream, got a recording'),
      ]);
    }
  });

  it('whose playlist or redirect leads to files reads none of them', async () => {
    const target = at('a.ts');
    const playlist = (line: string, before = '') =>
      text(`#EXTM3U\n#EXT-X-TARGETDURATION:5\n${before}#EXTINF:5,\n${line}\n`);
    const camera = await start({
      answers: {
        '/redirect': redirect(`file://${target}`),
        '/file.m3u8': playlist(`file://${target}`),
        '/passwd.m3u8': playlist('file:///etc/passwd'),
        '/concat.m3u8': playlist(`concat:${target}|${target}`),
        '/crypto.m3u8': playlist(`crypto:file://${target}`),
        '/subfile.m3u8': playlist(`subfile,,start,0,end,100000,,:${target}`),
        '/map.m3u8': playlist('/seg.ts', `#EXT-X-MAP:URI="file://${target}"\n`),
        '/list.ts': text(`ffconcat version 1.0\nfile ${target}\n`),
        '/honest.m3u8': playlist('/seg.ts'),
        '/master.m3u8': text(`#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nfile://${at('inner.m3u8')}\n`),
        '/seg.ts': (response) => void response.end(transportStream),
      },
    });
    const paths = ['redirect', 'file.m3u8', 'passwd.m3u8', 'concat.m3u8', 'crypto.m3u8', 'subfile.m3u8'];
    const found = await Promise.all(
      [...paths, 'map.m3u8', 'list.ts', 'master.m3u8'].map(async (path) => {
        // A playlist that is not over is asked for again and again; a run ends that after ten seconds.
        const { facts } = await failureOf(request(camera.url(`/${path}`)), 6000);
        expect(facts.some(({ kind }) => kind === 'started')).toBe(true);
        return facts
          .filter(({ kind }) => kind === 'stream' || kind === 'frame')
          .map(({ kind }) => [path, kind]);
      }),
    );
    expect(found.flat()).toEqual([]);
    const honest = await failureOf(request(camera.url('/honest.m3u8')), 6000);
    expect(honest.facts.some(({ kind }) => kind === 'frame')).toBe(true);
  });

  it('with a certificate that nobody signed is refused, unless SSL_CERT_FILE names it', async () => {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const files = ['-keyout', at('key.pem'), '-out', at('cert.pem')];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...files, ...subject],
      {
        stdio: 'ignore',
      },
    );
    const tls = { key: readFileSync(at('key.pem'), 'utf8'), cert: readFileSync(at('cert.pem'), 'utf8') };
    const camera = await start({ tls, answers: { '/video': mjpeg(jpegs, 20) } });
    const { error } = await failureOf(request(camera.url('/video')));
    expect([error?.code, error?.detail]).toEqual(['unknown', expect.stringContaining('certificate')]);
    expect(camera.requests).toEqual([]);
    const before = process.env['SSL_CERT_FILE'];
    try {
      process.env['SSL_CERT_FILE'] = at('cert.pem');
      expect(await picturesOf(request(camera.url('/video')), 'live', 2)).toHaveLength(2);
      const otherName = camera.url('/video').replace('localhost', '127.0.0.1');
      expect((await failureOf(request(otherName))).error?.detail).toContain('certificate');
    } finally {
      if (before === undefined) delete process.env['SSL_CERT_FILE'];
      else process.env['SSL_CERT_FILE'] = before;
    }
  });
});
