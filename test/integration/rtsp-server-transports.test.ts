import { makeVideo } from '../fixtures/make-video';
import { frameLines, readFrames, RTSP_INPUT, rtspFixture, run } from '../support/rtsp-fixture';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

const UDP_INPUT = ['-rtsp_transport', 'udp', '-probesize', '32', '-analyzeduration', '0'];
const INPUTS = { tcp: RTSP_INPUT, udp: UDP_INPUT } as const;

describe('the transports and tracks of the fixture RTSP server', () => {
  const folder = tempFolder();
  let video: string;
  const { start, watch, client } = rtspFixture(() => video);

  beforeAll(async () => {
    video = await makeVideo.plain(folder, { seconds: 1 });
  });

  it('answers SETUP with ports of its own, an even one and the next, or with 461', async () => {
    const server = await start({ transports: ['tcp', 'udp'] });
    const { send, text } = await client(server);
    const offered = send('SETUP', 'Transport: RTP/AVP;unicast;client_port=5000-5001');
    await waitFor(() => offered() === '200', { what: 'the set-up' });
    const [, rtp, rtcp] = /client_port=5000-5001;server_port=(\d+)-(\d+);ssrc=/.exec(text())!;
    expect(Number(rtp) % 2).toBe(0);
    expect(Number(rtcp)).toBe(Number(rtp) + 1);

    const others = [
      send('SETUP', 'Transport: RTP/AVP;multicast;client_port=5000-5001'),
      send('SETUP', 'Transport: RTP/AVP;unicast'),
      send('SETUP', 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1'),
    ];
    await waitFor(() => others.every((status) => status() !== undefined), { what: 'the other answers' });
    expect(others.map((status) => status())).toEqual(['461', '461', '200']);
  });

  it('refuses TCP where only UDP is allowed', async () => {
    const server = await start({ transports: ['udp'] });
    const { code, stderr } = await readFrames(server.url(), 1);
    expect(code).toBe(1);
    expect(stderr).toMatch(/461|Nonmatching transport|Server returned 4/);
    expect(frameLines((await readFrames(server.url(), 3, UDP_INPUT)).stdout)).toHaveLength(3);
  });

  it('sends the pixels of the file over UDP, across sender reports and rounds', async () => {
    const large = await makeVideo.plain(folder, { size: '640x480', seconds: 1 });
    const server = await start({
      video: large,
      reencode: false,
      transports: ['udp'],
      senderReportIntervalMs: 200,
    });
    const { stdout, stderr } = await readFrames(server.url(), 20, UDP_INPUT);
    const crcs = (text: string) => frameLines(text).map((line) => line.split(',').at(-1));
    const expected = crcs((await readFrames(large, 10, [])).stdout);
    expect(stderr).toBe('');
    expect(crcs(stdout)).toEqual([...expected, ...expected]);
    await waitFor(() => server.playing === 0, { what: 'ffmpeg to leave' });
  });

  it('repairs packets out of order over UDP, as clients do', async () => {
    const large = await makeVideo.plain(folder, { size: '640x480', seconds: 1 });
    const server = await start({ video: large, transports: ['udp'] });
    server.reorder(0.2);
    const { pictures, text } = watch(server.url(), UDP_INPUT);
    await waitFor(() => pictures().length >= 12, { what: 'pictures' });
    expect(text()).not.toMatch(/concealing|error while decoding|missed/);
  });

  it.each(['tcp', 'udp'] as const)(
    'ends ffmpeg over %s: at the end of the clip, when dropped, when killed',
    async (kind) => {
      const input = [...INPUTS[kind], '-timeout', '1000000'];
      const short = await start({ transports: [kind], loop: false, audio: true });
      const { code, stdout } = await readFrames(short.url(), 1000, input);
      expect(code).toBe(0);
      expect(frameLines(stdout)).toHaveLength(10);

      const server = await start({ transports: [kind] });
      for (const end of ['drop', 'kill'] as const) {
        const { exit, pictures } = watch(server.url(), input);
        await waitFor(() => pictures().length >= 3, { what: 'three pictures' });
        await server[end]();
        await exit;
        expect(server.connections).toBe(0);
      }
    },
  );

  it.each(['tcp', 'udp'] as const)(
    'has audio first, video second, each with its own set-up, over %s',
    async (kind) => {
      const server = await start({ audio: true, transports: [kind], senderReportIntervalMs: 300 });
      const entries = ['-show_entries', 'stream=index,codec_name', '-of', 'csv=p=0'];
      const { stdout } = await run('ffprobe', '-v', 'error', ...INPUTS[kind], ...entries, '-i', server.url());
      expect(stdout.trim().split('\n')).toEqual(['0,pcm_mulaw', '1,h264']);

      const volume = ['-vn', '-t', '1', '-af', 'volumedetect', '-f', 'null', '-'];
      const heard = await run('ffmpeg', '-nostdin', ...INPUTS[kind], '-i', server.url(), ...volume);
      // A sine of 8000 of 32768 has 12.2 dB less than the loudest one at its top and 15.3 on average.
      expect(heard.stderr).toMatch(/mean_volume: -15\.\d dB/);
      expect(heard.stderr).toMatch(/max_volume: -12\.\d dB/);

      const seen = await readFrames(server.url(), 12, INPUTS[kind]);
      expect(seen.code).toBe(0);
      expect(frameLines(seen.stdout)).toHaveLength(12);
    },
  );

  it('plays the tracks that were set up, of those it has', async () => {
    const server = await start({ audio: true });
    const { request, text } = await client(server);
    const transport = 'Transport: RTP/AVP/TCP;unicast';
    const answers = [
      request('SETUP', `${server.url()}/trackID=2`, transport),
      request('SETUP', `${server.url()}/trackID=1`, transport),
      request('PLAY', server.url()),
      request('SETUP', `${server.url()}/trackID=0`, transport),
    ];
    await waitFor(() => answers.at(-1)!() !== undefined, { what: 'the answers' });
    expect(answers.map((status) => status())).toEqual(['404', '200', '200', '455']);
    expect(text()).toContain('interleaved=2-3');
    expect(/RTP-Info: (.*)\r/.exec(text())![1]).toMatch(/^url=\S+\/stream\/trackID=1;seq=\d+;rtptime=\d+$/);
    await waitFor(() => server.sent > 2, { what: 'pictures' });
  });
});
