import { readdirSync, readlinkSync } from 'node:fs';
import { makeVideo } from '../fixtures/make-video';
import { frameLines, readFrames, rtspFixture, RTSP_INPUT, run, steps } from '../support/rtsp-fixture';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

async function codecOf(url: string): Promise<string> {
  const entries = ['-show_entries', 'stream=codec_name,width', '-of', 'csv=p=0'];
  return (await run('ffprobe', '-v', 'error', ...RTSP_INPUT, ...entries, '-i', url)).stdout.trim();
}

/** Clips of servers in this process; a clip's file has no name any more, but its folder is still told. */
function openClips(): number {
  const targets = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // The descriptor with which the folder itself was read.
      return [];
    }
  });
  return targets.filter((target) => target.includes('sightline-rtsp-')).length;
}

describe('the fixture RTSP server as a camera whose stream changes', () => {
  const folder = tempFolder();
  let video: string;
  let wider: string;
  const { start, watch, probe, client } = rtspFixture(() => video);

  beforeAll(async () => {
    video = await makeVideo.plain(folder, { seconds: 1 });
    wider = await makeVideo.plain(folder, { size: '320x240', seconds: 1 });
  });

  it('sends HEVC, whole and in fragments, with the pixels of the file', async () => {
    const large = `${folder}/large.hevc.mp4`;
    const source = 'testsrc2=size=640x480:rate=10:duration=1';
    await run('ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', source, '-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none', large); // prettier-ignore
    const crcs = (text: string) => frameLines(text).map((line) => line.split(',').at(-1));
    const expected = crcs((await readFrames(large, 10, [])).stdout);
    expect(expected).toHaveLength(10);
    const server = await start({ video: large, codec: 'hevc', reencode: false, loop: false });
    const { stdout, stderr } = await readFrames(server.url(), 10);
    expect(stderr).toBe('');
    expect(crcs(stdout)).toEqual(expected);
  });

  it.each([true, false])('encodes to HEVC, parameter sets in the SDP: %s', async (sdpParameterSets) => {
    const server = await start({ codec: 'hevc', sdpParameterSets });
    const { send, text } = await client(server);
    const described = send('DESCRIBE');
    await waitFor(() => described() === '200', { what: 'the description' });
    expect(text()).toContain('a=rtpmap:96 H265/90000');
    expect(text().includes('sprop-vps=')).toBe(sdpParameterSets);
    const { code, stdout } = await readFrames(server.url(), 12);
    expect(code).toBe(0);
    expect(frameLines(stdout)).toHaveLength(12);
    expect(await codecOf(server.url())).toBe('hevc,160');
  });

  it('goes on in another size within the session, times going on', async () => {
    const server = await start();
    const { pictures } = watch(server.url());
    const pts = probe(server.url());
    await waitFor(() => pictures().length >= 5, { what: 'pictures' });
    await server.switchTo({ video: wider });
    await waitFor(() => pictures().filter(({ size }) => size === '320x240').length >= 12, {
      what: 'wide ones',
    });
    expect(pictures().at(-1)!.size).toBe('320x240');
    expect(server.accepted).toBe(2);
    expect(server.connections).toBe(2);
    expect(await codecOf(server.url())).toBe('h264,320');

    await server.switchTo({ video });
    const { length } = pictures();
    await waitFor(() => pictures().slice(length).at(-1)?.size === '160x120', { what: 'small ones' });
    await server.kill();
    expect(new Set(steps(await pts()))).toEqual(new Set([9000]));
  });

  it('ends sessions when the codec changes, and tells the new one from then on', async () => {
    const server = await start();
    const { pictures, exit } = watch(server.url());
    await waitFor(() => pictures().length >= 3, { what: 'pictures' });
    await server.switchTo({ video, codec: 'hevc' });
    expect(await exit).toEqual([0, null]);
    await waitFor(() => server.connections === 0, { what: 'the end of the connection' });
    expect(await codecOf(server.url())).toBe('hevc,160');
  });

  it('goes on in another codec under the old payload type, which ffmpeg cannot decode', async () => {
    const server = await start();
    const { pictures, text } = watch(server.url());
    await waitFor(() => pictures().length >= 3, { what: 'pictures' });
    await server.switchTo({ video: wider, codec: 'hevc', inBand: true });
    const sent = server.sent + 15;
    await waitFor(() => server.sent >= sent, { what: 'pictures of the other codec' });
    expect(server.connections).toBe(1);
    expect(pictures().every(({ size }) => size === '160x120')).toBe(true);
    expect(text()).toMatch(/RTP H\.264|Unhandled type|Undefined type|no frame|non-existing PPS/i);
    expect(await codecOf(server.url())).toBe('hevc,320');

    await server.switchTo({ video, codec: 'h264', inBand: true });
    const { length } = pictures();
    await waitFor(() => pictures().length > length + 10, { what: 'pictures again' });
  });

  it('ends sessions that are to begin anew although the codec stays', async () => {
    const server = await start();
    const { pictures, exit } = watch(server.url());
    await waitFor(() => pictures().length >= 3, { what: 'pictures' });
    await server.switchTo({ video: wider, inBand: false });
    await exit;
    expect(await codecOf(server.url())).toBe('h264,320');
  });

  it('stays as it was when the other video cannot be read, and holds one file open however often it switches', async () => {
    const server = await start();
    await expect(server.switchTo({ video: await makeVideo.text(folder) })).rejects.toThrow('text.mp4');
    await expect(server.switchTo({ video, codec: 'hevc', reencode: false })).rejects.toThrow(
      'expected hevc, got h264',
    );
    expect(frameLines((await readFrames(server.url(), 3)).stdout)).toHaveLength(3);
    await server.switchTo({ video: wider });
    await server.switchTo({ video });
    expect(openClips()).toBe(1);
    await server.close();
    expect(openClips()).toBe(0);
  });
});
