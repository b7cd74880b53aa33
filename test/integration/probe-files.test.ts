import { execFile } from 'node:child_process';
import { statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeVideo } from '../fixtures/make-video';
import { adviceOf, probeLab } from '../support/probes';
import { PLAZA } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';

const exec = promisify(execFile);
const ffmpeg = (...args: readonly string[]) => exec('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args]);

describe('sightline probe: a file', () => {
  const folder = tempFolder();
  const inFolder = (name: string) => join(folder, name);
  const { finish, probe, probeOk } = probeLab(folder);

  it('is told of to people', async () => {
    const { code, stdout, stderr } = await finish([PLAZA]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.replace(/\d+ ms, first picture after \d+ ms/, 'N ms, first picture after N ms')).toBe(
      [
        PLAZA,
        '  transport    file',
        '  opened       after N ms, first picture after N ms',
        '  video        h264 (High), yuv420p, 768x576, 498 kbit/s',
        '  rate         10 frames a second, 10 declared',
        '  key frames   20 frames, 2.0 s apart at most; B-frames: yes',
        '  audio        none',
        '  pts          monotonic, no gaps, interval 100 ms (p50), 100 ms (max)',
        '  decoding     51 pictures, no errors',
        '  verdict      ok',
        '',
      ].join('\n'),
    );
  });

  it('is told of to programs, up to the seconds asked for', async () => {
    expect(await probeOk(PLAZA, '--seconds', '1')).toMatchObject({
      v: 1,
      input: PLAZA,
      transport: 'file',
      measuredMs: 1000,
      video: { frameCount: 11, gop: { isMeasured: false, longerThanMs: 1000 } },
      advice: [],
    });
    const whole = await probeOk(PLAZA, '--seconds', '300');
    expect(whole).toMatchObject({ measuredMs: 23_900, video: { frameCount: 240 } });
    const { stdout } = await exec('ffprobe', [
      ...['-v', 'error', '-select_streams', 'v', '-show_entries', 'packet=size', '-of', 'csv=p=0', PLAZA],
    ]);
    const bytes = stdout.split('\n').reduce((sum, size) => sum + Number.parseInt(`0${size}`, 10), 0);
    expect(whole.video.bitrateBps).toBeCloseTo((bytes * 8) / 24, 0);
  });

  it('has audio, a shape of pixels, times and sizes of its own', async () => {
    const both = inFolder('both.mp4');
    await ffmpeg(
      '-i',
      PLAZA,
      '-f',
      'lavfi',
      '-i',
      'sine=duration=1',
      '-t',
      '1',
      '-c:v',
      'copy',
      '-c:a',
      'aac',
      both,
    );
    expect((await probeOk(both)).audio).toEqual([{ codec: 'aac', profile: 'LC' }]);
    expect((await probeOk(await makeVideo.anamorphic(folder))).video.sampleAspect).toEqual([4, 3]);
    const negative = await probeOk(await makeVideo.negativeStart(folder));
    expect(negative).toMatchObject({
      video: { frameCount: 20 },
      times: { isMonotonic: true, epochCount: 1 },
    });
  });

  it.each<[keyof typeof makeVideo, readonly string[], object]>([
    ['gapped', ['pts_gaps'], { gapCount: 1, epochCount: 2 }],
    ['variableRate', ['variable_fps'], { isMonotonic: true }],
    ['backward', ['pts_backward'], { isMonotonic: false, backwardCount: 1, epochCount: 2 }],
  ])('with faults in its time is told of: %s', async (name, advice, times) => {
    const result = await probeOk(await makeVideo[name](folder));
    expect(result.times).toMatchObject(times);
    expect(adviceOf(result)).toEqual(expect.arrayContaining([...advice]));
  });

  it('that is large, HEVC, or damaged is told of', async () => {
    const hevc = inFolder('hevc.mp4');
    await ffmpeg(
      '-t',
      '1',
      '-i',
      PLAZA,
      '-c:v',
      'libx265',
      '-preset',
      'ultrafast',
      '-x265-params',
      'log-level=none',
      hevc,
    );
    expect(await probeOk(hevc)).toMatchObject({ video: { codec: 'hevc' }, advice: [{ code: 'hevc' }] });
    expect(adviceOf(await probeOk(await makeVideo.huge(folder)))).toEqual(['large_picture']);
    const cut = inFolder('cut.mp4');
    await ffmpeg(
      '-t',
      '3',
      '-i',
      PLAZA,
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-movflags',
      '+faststart',
      cut,
    );
    truncateSync(cut, Math.floor((statSync(cut).size * 2) / 3));
    const damaged = await probeOk(cut);
    expect(damaged.damage.count).toBeGreaterThan(0);
    expect(adviceOf(damaged)).toContain('damaged');
  });

  it('may be a picture', async () => {
    const picture = inFolder('still.png');
    await ffmpeg('-i', PLAZA, '-frames:v', '1', picture);
    const { stdout } = await finish([picture]);
    expect(stdout).toContain('  video        png, rgb24, 768x576\n');
    expect(stdout).toContain('  verdict      ok: a picture\n');
    expect(stdout).not.toContain('rate');
  });

  it('that cannot be used fails with what is wrong and what to do', async () => {
    const list = inFolder('list.mp4');
    writeFileSync(list, `ffconcat version 1.0\nfile ${PLAZA}\n`);
    writeFileSync(inFolder('empty.mp4'), '');
    const codes = await Promise.all(
      [
        inFolder('missing.mp4'),
        folder,
        inFolder('empty.mp4'),
        await makeVideo.text(folder),
        await makeVideo.truncated(folder),
        await makeVideo.audioOnly(folder),
        list,
        'ftp://127.0.0.1/clip.mp4',
      ].map(async (input) => {
        const result = await probe(input);
        return result.state === 'failed' ? result.error.code : result.state;
      }),
    );
    expect(codes).toEqual([
      ...['not_found', 'not_found', 'corrupt', 'corrupt', 'corrupt', 'codec'],
      // A list of other files is refused before it is read.
      'protocol',
      'protocol',
    ]);
    const { stdout } = await finish([inFolder('audio-only.mp4')]);
    expect(stdout).toContain('  verdict      failed: codec: expected a video stream, found none\n');
    expect(stdout).toContain('  remedy       check that the input holds a video stream FFmpeg can decode\n');
  });

  it.each<[string, readonly string[], string]>([
    ['nothing', [], 'probe: expected an input or --config, got neither'],
    ['both', [PLAZA, '--config', 'x.yaml'], 'probe: expected an input or --config, got both'],
    ['a camera of nothing', [PLAZA, '--camera', 'a'], '--camera: expected --config too'],
    ['all of nothing', ['--all'], '--all: expected --config too'],
    [
      'a configuration alone',
      ['--config', 'x.yaml'],
      '--config: expected --camera or --all too, got neither',
    ],
    [
      'one and all',
      ['--config', 'x.yaml', '--camera', 'a', '--all'],
      '--config: expected --camera or --all too, got both',
    ],
    ['no time', [PLAZA, '--seconds', '0'], '--seconds: expected a number from 1 to 300, got "0"'],
    ['a transport that there is not', [PLAZA, '--rtsp-transport', 'http'], 'expected tcp or udp, got "http"'],
    [
      'a transport of a file',
      [PLAZA, '--rtsp-transport', 'udp'],
      'rtspTransport: expected no value for a file (RTSP cameras only), got "udp"',
    ],
    [
      'a transport of a configuration',
      ['--config', 'x.yaml', '--all', '--rtsp-transport', 'udp'],
      '--rtsp-transport: expected no --config, whose cameras have rtspTransport',
    ],
    ['a flag that does not exist', [PLAZA, '--second'], "unknown option '--second'"],
    ['two inputs', [PLAZA, PLAZA], 'too many arguments'],
    ['half a URL', ['rtsp:///stream'], 'rtsp:///stream: expected rtsp://host:554/path'],
  ])('asked for %s says how it is used', async (_what, args, told) => {
    const { code, stdout, stderr } = await finish(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(told);
  });
});
