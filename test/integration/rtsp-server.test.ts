import { once } from 'node:events';
import { makeVideo } from '../fixtures/make-video';
import { startRtspServer } from '../fixtures/rtsp-server';
import { descendantsOf } from '../support/processes';
import { frameLines, readFrames, rtspFixture, RTSP_INPUT, run, steps } from '../support/rtsp-fixture';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

/**
 * The pts of the second packet on: ffprobe 5.1 gives none for the first one of an RTSP stream, whatever is sent (tried
 * with one RTP packet to the picture, with and without RTP-Info and RTCP). A decoded first picture does have its pts.
 */
async function packetPts(url: string, count: number): Promise<readonly number[]> {
  const entries = ['-show_entries', 'packet=pts', '-read_intervals', `%+#${count}`, '-of', 'csv=p=0'];
  const { stdout } = await run('ffprobe', '-v', 'error', ...RTSP_INPUT, ...entries, '-i', url);
  return stdout
    .split(/[\s,]+/)
    .filter((line) => /^\d/.test(line))
    .slice(-(count - 1))
    .map(Number);
}

describe('the fixture RTSP server', () => {
  const folder = tempFolder();
  let video: string;
  const { start, watch, client } = rtspFixture(() => video);

  beforeAll(async () => {
    video = await makeVideo.plain(folder, { seconds: 1 });
  });

  it('gives ffmpeg as many pictures as it asks for, after refusing UDP', async () => {
    const server = await start();
    const { code, stdout } = await readFrames(server.url(), 12, ['-timeout', '5000000']);
    expect(code).toBe(0);
    expect(frameLines(stdout)).toHaveLength(12);
    await waitFor(() => server.connections === 0, { what: 'ffmpeg to leave' });
    expect(server.playing).toBe(0);
  });

  it('decodes without SPS and PPS in the SDP', async () => {
    const server = await start({ sdpParameterSets: false });
    const { code, stdout } = await readFrames(server.url(), 5);
    expect(code).toBe(0);
    expect(frameLines(stdout)).toHaveLength(5);
  });

  it('sends the pixels of the file', async () => {
    const server = await start({ reencode: false });
    const { stdout } = await readFrames(server.url(), 10);
    const crcs = (text: string) => frameLines(text).map((line) => line.split(',').at(-1));
    expect(crcs(stdout)).toEqual(crcs((await readFrames(video, 10, [])).stdout));
  });

  it('sends pictures larger than a packet in fragments', async () => {
    const large = await makeVideo.plain(folder, { size: '640x480', seconds: 1 });
    const server = await start({ video: large, reencode: false });
    const { stdout, stderr } = await readFrames(server.url(), 10);
    const crcs = (text: string) => frameLines(text).map((line) => line.split(',').at(-1));
    expect(stderr).toBe('');
    expect(crcs(stdout)).toEqual(crcs((await readFrames(large, 10, [])).stdout));
  });

  it('keeps the times of the file', async () => {
    const server = await start({ video: await makeVideo.gapped(folder), reencode: false });
    expect(steps(await packetPts(server.url(), 13))).toEqual([
      ...Array.from({ length: 8 }, () => 9000),
      279_000,
      9000,
      9000,
    ]);
  });

  it('lets timestamps go on when the clip starts anew, across sender reports', async () => {
    const server = await start({ senderReportIntervalMs: 300 });
    expect(steps(await packetPts(server.url(), 25))).toEqual(Array.from({ length: 23 }, () => 9000));
  });

  it('ends the stream with the clip when it does not loop', async () => {
    const server = await start({ loop: false });
    const { code, stdout } = await readFrames(server.url(), 1000);
    expect(code).toBe(0);
    expect(frameLines(stdout)).toHaveLength(10);
  });

  it.each(['basic', 'digest'] as const)('lets in the right password, and no other, with %s', async (auth) => {
    const server = await start({ auth, user: 'opera tor', password: 'p@ss/wörd:1' });
    const right = await readFrames(server.urlWithCredentials(), 3);
    expect(right.code).toBe(0);
    expect(frameLines(right.stdout)).toHaveLength(3);

    for (const url of [server.url(), server.urlWithCredentials().replace('%40', 'x')]) {
      const wrong = await readFrames(url, 3);
      expect(wrong.code).toBe(1);
      expect(wrong.stderr).toContain('401');
      expect(wrong.stdout).toBe('');
    }
  });

  it('answers 404 for another path', async () => {
    const server = await start({ path: '/cam?channel=1&subtype=0' });
    expect((await readFrames(server.url(), 1)).code).toBe(0);
    const { code, stderr } = await readFrames(server.url().replace('channel=1', 'channel=2'), 1);
    expect(code).toBe(1);
    expect(stderr).toContain('404');
  });

  it('answers what it does not support with the status for it, and stays', async () => {
    const server = await start();
    const { send, socket } = await client(server);
    const answers = [
      send('OPTIONS'),
      send('SETUP', 'Transport: RTP/AVP;unicast;client_port=5000-5001'),
      send('PLAY'),
      send('RECORD'),
      send('GET_PARAMETER', 'Session: unknown'),
      send('GET_PARAMETER'),
      send('SETUP', 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1'),
      send('TEARDOWN'),
    ];
    await once(socket, 'end');
    expect(answers.map((status) => status())).toEqual('200 461 454 501 454 200 200 200'.split(' '));
  });

  it('closes the connection of a client that does not speak RTSP', async () => {
    const { socket, text } = await client(await start());
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await once(socket, 'end');
    expect(text()).toContain('RTSP/1.0 400 Bad Request');
  });

  it('stalls ffmpeg by a freeze until its timeout ends it', async () => {
    const server = await start();
    const { exit, pictures } = watch(server.url(), [...RTSP_INPUT, '-timeout', '500000']);
    await waitFor(() => pictures().length >= 3, { what: 'three pictures' });
    server.freeze();
    expect(server.connections).toBe(1);
    await exit;
    await waitFor(() => server.connections === 0, { what: 'the connection to end' });
  });

  it('goes on after a freeze at a key frame, and answers what was asked meanwhile', async () => {
    const server = await start();
    const { pictures } = watch(server.url());
    await waitFor(() => pictures().length >= 3, { what: 'three pictures' });
    server.freeze();
    await waitFor(() => server.skipped >= 3, { what: 'three lost pictures' });
    const { send } = await client(server);
    const status = send('OPTIONS');
    await waitFor(() => server.connections === 2, { what: 'the second client' });
    const seen = pictures().length;
    expect(status()).toBeUndefined();
    server.resume();
    await waitFor(() => status() === '200', { what: 'the late answer' });
    await waitFor(() => pictures().length > seen + 5, { what: 'more pictures' });
  });

  it('ends ffmpeg when killed, refuses connections, and serves again after a restart on the same port', async () => {
    const server = await start();
    const { port } = server;
    const { exit, pictures } = watch(server.url());
    await waitFor(() => pictures().length >= 3, { what: 'three pictures' });
    await server.kill();
    await exit;
    expect(server.connections).toBe(0);
    expect((await readFrames(server.url(), 1)).stderr).toContain('Connection refused');

    await server.restart();
    expect(server.port).toBe(port);
    expect(frameLines((await readFrames(server.url(), 3)).stdout)).toHaveLength(3);
  });

  it('goes on listening when it drops its clients', async () => {
    const server = await start();
    const { exit, pictures } = watch(server.url());
    await waitFor(() => pictures().length >= 3, { what: 'three pictures' });
    server.drop();
    await exit;
    expect(frameLines((await readFrames(server.url(), 3)).stdout)).toHaveLength(3);
    expect(server.accepted).toBe(2);
  });

  it('drops pictures instead of growing when a client does not read', async () => {
    // Noise does not compress: these are some 40 Mbit/s, which fill the kernel's buffers soon.
    const noise = `${folder}/noise.mp4`;
    const source = 'nullsrc=size=640x480:rate=25:duration=1,noise=alls=100:allf=t';
    await run('ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', source, '-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '10', '-g', '5', '-bf', '0', '-pix_fmt', 'yuv420p', noise); // prettier-ignore
    const maxQueuedBytes = 256 * 1024;
    const server = await start({ video: noise, reencode: false, maxQueuedBytes });
    const { send, socket } = await client(server);
    const isSetUp = send('SETUP', 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1');
    await waitFor(() => isSetUp() === '200', { what: 'the set-up' });
    send('PLAY');
    socket.pause();
    await waitFor(() => server.skipped > 20, { what: 'lost pictures', timeoutMs: 30_000 });
    // One picture more than the bound may be under way; none of this clip is larger than half a megabyte.
    expect(server.queuedBytes).toBeLessThan(maxQueuedBytes + 512 * 1024);
    socket.resume();
    await waitFor(() => server.queuedBytes === 0, { what: 'the queue to empty' });
  });

  it('refuses a video without H.264 when it may not encode, and leaves no process', async () => {
    const audio = await makeVideo.audioOnly(folder);
    await expect(startRtspServer({ video: audio, reencode: false })).rejects.toThrow('audio-only.mp4');
    await expect(startRtspServer({ video, path: 'stream' })).rejects.toThrow('expected a leading /');
    expect(descendantsOf().filter(({ command }) => command.startsWith('ffmpeg'))).toEqual([]);
  });
});
