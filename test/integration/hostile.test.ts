import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeVideo } from '../fixtures/make-video';
import { closedPort } from '../support/closed-port';
import { MAIN, PLAZA, eventsOf, killAll, readEvents, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

const folder = tempFolder();
const at = (name: string) => join(folder, name);
const runs: SightlineRun[] = [];

afterEach(() => killAll(runs.splice(0)));

function ffmpeg(...args: readonly string[]): void {
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...args]);
}

/** Runs to the end with one inference process. */
function run(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const result = spawnSync(process.execPath, [MAIN, 'run', ...args, '--processes', '1'], {
    encoding: 'utf8',
    env,
    cwd: folder,
    timeout: 60_000,
  });
  return { code: result.status, text: result.stdout + result.stderr };
}

function expectBalance(path: string): void {
  const events = readEvents(path);
  const idsOf = (type: 'track.started' | 'track.ended') =>
    eventsOf(events, type).map(({ data }) => data.trackId);
  expect(idsOf('track.started').length).toBeGreaterThan(0);
  expect(idsOf('track.ended').sort()).toEqual(idsOf('track.started').sort());
  expect(eventsOf(events, 'camera.offline')).toHaveLength(1);
}

let short: string;

beforeAll(() => {
  short = at('short.mp4');
  ffmpeg('-i', PLAZA, '-frames:v', '20', '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '18', short);
});

describe('an output of a run', () => {
  it.each<[string, (video: string) => readonly string[]]>([
    ['events over the input', (video) => [video, '--output', video]],
    [
      'events over the input by another path',
      (video) => [video, '--output', `./x/../${video.split('/').pop()!}`],
    ],
    ['a video over the input through a link', (video) => [video, '--annotate', at('link.mp4')]],
    ['events over the video', (video) => [video, '--annotate', at('same.mp4'), '--output', at('same.mp4')]],
  ])('is refused when it would write %s, and nothing is touched', (_name, argsOf) => {
    const video = at('precious.mp4');
    copyFileSync(short, video);
    mkdirSync(at('x'), { recursive: true });
    spawnSync('ln', ['-sf', video, at('link.mp4')]);
    const { code, text } = run(argsOf(video));
    expect([code, text]).toEqual([
      2,
      expect.stringMatching(/expected (a file of its own|another file|a file that)/),
    ]);
    expect(readFileSync(video).equals(readFileSync(short))).toBe(true);
  });

  it('is refused for a configuration whose flags write over its input', () => {
    copyFileSync(short, at('mine.mp4'));
    writeFileSync(at('c.yaml'), 'cameras: { a: { url: mine.mp4 } }\n');
    expect(run(['--config', at('c.yaml'), '--output', at('mine.mp4')]).code).toBe(2);
    expect(statSync(at('mine.mp4')).size).toBe(statSync(short).size);
  });

  it('keeps what it holds when no input can be read', () => {
    writeFileSync(at('kept.jsonl'), 'precious\n');
    expect(run(['missing.mp4', '--output', at('kept.jsonl')]).code).toBe(1);
    expect(readFileSync(at('kept.jsonl'), 'utf8')).toBe('precious\n');
  });
});

describe('a hostile file', () => {
  it('cannot make frames or sizes of its metadata', () => {
    const line =
      'n:   0 pts:      5 pts_time:0.005 pos: 1 fmt:yuv420p sar:1/1 s:99999x99999 i:P iskey:1 type:I';
    const key = `x\n[showinfo@detect @ 0x1] [info] ${line}\n[showinfo@view @ 0x1] [info] ${line}\ny=1`;
    ffmpeg('-i', short, '-c', 'copy', '-movflags', 'use_metadata_tags', '-metadata', key, at('injected.mp4'));
    expect(run([at('injected.mp4'), '--output', at('injected.jsonl')]).code).toBe(0);
    expect(run([short, '--output', at('plain.jsonl')]).code).toBe(0);
    const dataOf = (name: string) =>
      readEvents(at(name)).map(({ type, data }) => [type, { ...data, camera: '', trackId: '' }]);
    expect(dataOf('injected.jsonl')).toEqual(dataOf('plain.jsonl'));
  });

  it.each([
    ['ffconcat', 'ffconcat version 1.0\nfile short.mp4\n'],
    ['HLS', '#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nshort.mp4\n#EXT-X-ENDLIST\n'],
  ])('that is really a list of files (%s) makes nothing else be opened', (name, text) => {
    const list = at(`${name}.mp4`);
    writeFileSync(list, text);
    const { code, text: said } = run([list, '--output', at('list.jsonl')]);
    expect(code).toBe(1);
    expect(said).toMatch(/corrupt|codec|protocol/);
    expect(eventsOf(readEvents(at('list.jsonl')), 'track.started')).toEqual([]);
  });

  it('that changes its picture size is annotated to its end', () => {
    const other = at('other.ts');
    const first = at('first.ts');
    ffmpeg('-i', short, '-c:v', 'libx264', '-preset', 'ultrafast', first);
    ffmpeg(
      '-i',
      short,
      '-vf',
      'scale=320:240',
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-output_ts_offset',
      '2',
      other,
    );
    writeFileSync(at('both.ts'), Buffer.concat([readFileSync(first), readFileSync(other)]));
    const { code, text } = run([at('both.ts'), '--output', at('both.jsonl'), '--annotate', at('both.mp4')]);
    expect([code, text]).toEqual([0, expect.stringContaining('40 frames looked at')]);
    expectBalance(at('both.jsonl'));
    const probe = [
      '-v',
      'error',
      '-count_frames',
      '-show_entries',
      'stream=width,height,nb_read_frames',
      '-of',
      'csv=p=0',
    ];
    expect(execFileSync('ffprobe', [...probe, at('both.mp4')], { encoding: 'utf8' }).trim()).toBe(
      '768,576,40',
    );
  });

  it('with times beyond the calendar fails in plain words', () => {
    const { code, text } = run([
      short,
      '--start-time',
      '9999-12-31T23:59:59.5Z',
      '--output',
      at('late.jsonl'),
    ]);
    expect([code, text]).toEqual([
      1,
      expect.stringContaining('expected an event time in the years 0 to 9999'),
    ]);
    for (const event of readEvents(at('late.jsonl'))) expect(event.time).toMatch(/^9999-/);
  });
});

describe('a hostile place', () => {
  it('a full disk under the video costs the video alone', () => {
    symlinkSync('/dev/full', at('full.mp4'));
    const { code, text } = run([short, '--output', at('full.jsonl'), '--annotate', at('full.mp4')]);
    expect([code, text]).toEqual([1, expect.stringContaining('sink: ')]);
    expectBalance(at('full.jsonl'));
  });

  it('a full standard output is one line and exit code 1', () => {
    const shell = `"$0" "$1" run "$2" --processes 1 > /dev/full`;
    const { status, stderr } = spawnSync('sh', ['-c', shell, process.execPath, MAIN, short], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([1, expect.stringContaining('sink: ')]);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it.each([['models list'], ['schema']])(
    'a full standard output is one line and exit code 1: %s',
    (command) => {
      const shell = `"$0" "$1" ${command} > /dev/full`;
      const { status, stderr } = spawnSync('sh', ['-c', shell, process.execPath, MAIN], { encoding: 'utf8' });
      expect([status, stderr]).toEqual([
        1,
        expect.stringMatching(/^sightline: sink: standard output: expected to write it, got ENOSPC.*\n$/),
      ]);
    },
  );

  it('a standard error that went away costs no event', () => {
    const shell = `"$0" "$1" run nope.mp4 "$2" -o err.jsonl --processes 1 2>/dev/full`;
    spawnSync('sh', ['-c', shell, process.execPath, MAIN, short], { cwd: folder });
    expectBalance(at('err.jsonl'));
  });

  it('an environment without PATH ends with an error instead of waiting for ever', () => {
    const { code } = run([short, '--output', at('bare.jsonl')], {});
    expect(code).not.toBeNull();
  });

  it('a temp folder with a path too long for sockets is passed over', () => {
    const long = at('t'.repeat(90));
    mkdirSync(long);
    const args = [short, PLAZA, '--max-fps', '1', '--output', at('long.jsonl')];
    expect(run(args, { ...process.env, TMPDIR: long }).code).toBe(0);
  });

  it('a terminal that went away (SIGHUP) ends the run in good order', async () => {
    const slow = at('slow.yaml');
    writeFileSync(slow, `cameras: { a: { url: ${PLAZA}, realTime: true } }\nmodel: { processes: 1 }\n`);
    const started = startSightline(folder, ['run', '--config', slow, '--output', at('hup.jsonl')]);
    runs.push(started);
    await waitFor(() => eventsOf(readEvents(at('hup.jsonl')), 'track.started').length > 3, {
      what: 'tracks',
    });
    started.child.kill('SIGHUP');
    expect(await started.ended).toBe(0);
    expectBalance(at('hup.jsonl'));
  });

  it('few file descriptors are enough for many recordings', async () => {
    const tiny = await makeVideo.plain(folder, { size: '64x48', fps: 5, seconds: 1 });
    const inputs = Array.from({ length: 20 }, (_, index) => {
      copyFileSync(tiny, at(`many-${index}.mp4`));
      return at(`many-${index}.mp4`);
    });
    const shell = 'ulimit -n 64; exec "$@"';
    const args = [
      '-c',
      shell,
      'sh',
      process.execPath,
      MAIN,
      'run',
      ...inputs,
      '--processes',
      '1',
      '-o',
      at('many.jsonl'),
    ];
    const { status, stderr } = spawnSync('sh', args, { encoding: 'utf8' });
    expect([status, stderr.match(/: completed, 5 frames/g)?.length]).toEqual([0, 20]);
  });
});

describe('a password', () => {
  it.each(["p'Zqz1xy", 'p"Zqz1xy', 'p<Zqz1>xy', 'p@Zq:z1/xy'])(
    'like %s stands in no event and no line',
    async (password) => {
      const url = `rtsp://user:${password}@127.0.0.1:${await closedPort()}/x`;
      const started = startSightline(folder, [
        'run',
        url,
        '--output',
        at('secret.jsonl'),
        '--processes',
        '1',
        '-v',
      ]);
      runs.push(started);
      await waitFor(() => /refused|expected/.test(started.stderr()), { what: 'a refusal' });
      started.child.kill('SIGINT');
      await started.ended;
      const events = readEvents(at('secret.jsonl'));
      expect(started.stdout() + started.stderr() + JSON.stringify(events)).not.toMatch(/Zqz?1?/);
    },
  );

  it('with a space in a URL that is refused is not repeated', () => {
    expect(run(['rtsp://user:pa Zqz1@127.0.0.1:1/x']).text).not.toContain('Zqz1');
  });
});
