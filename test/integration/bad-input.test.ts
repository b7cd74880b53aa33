import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeVideo } from '../fixtures/make-video';
import { PLAZA, eventsOf, killAll, parseEvents, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';
import { copyModel } from '../workers/support/pool-fixture';

const exec = promisify(execFile);
const ONE_PROCESS = ['--processes', '1'] as const;
const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast'] as const;

describe('what a run says of', () => {
  const folder = tempFolder();
  const runs: SightlineRun[] = [];
  let good: string;

  const inFolder = (name: string) => join(folder, name);
  const ffmpeg = (...args: readonly string[]) => exec('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args]);

  /** The first seconds of a real clip, with everything that ffmpeg is to do to it. */
  async function clip(name: string, ...args: readonly string[]): Promise<string> {
    await ffmpeg('-t', '2', '-i', PLAZA, ...args, inFolder(name));
    return inFolder(name);
  }

  function start(...args: readonly string[]): SightlineRun {
    const run = startSightline(folder, args);
    runs.push(run);
    return run;
  }

  async function finish(...args: readonly string[]) {
    const run = start(...args);
    const code = await run.ended;
    expect(run.processes()).toEqual([]);
    return { code, stdout: run.stdout(), stderr: run.stderr() };
  }

  function writeConfig(name: string, content: unknown): string {
    writeFileSync(inFolder(name), JSON.stringify(content, undefined, 1));
    return inFolder(name);
  }

  beforeAll(async () => {
    good = await clip('good.mp4', ...X264, '-movflags', '+faststart');
  });

  afterEach(() => killAll(runs.splice(0)));

  describe('inputs that are no video', () => {
    let bad: readonly (readonly [path: string, name: string, told: string])[];

    beforeAll(async () => {
      mkdirSync(inFolder('empty-folder'));
      writeFileSync(inFolder('empty.mp4'), '');
      bad = [
        [inFolder('missing.mp4'), 'missing', 'not_found: PATH: expected a file, found nothing there'],
        [inFolder('empty-folder'), 'empty-folder', 'not_found: PATH: expected a file, got a folder'],
        [inFolder('empty.mp4'), 'empty', 'corrupt: PATH: expected a picture or video, got an empty file'],
        [
          await makeVideo.text(folder),
          'text',
          'corrupt: expected a whole video file, got another or one cut off',
        ],
        [await makeVideo.truncated(folder), 'truncated', 'corrupt: expected a whole video file, got another'],
        [await makeVideo.audioOnly(folder), 'audio-only', 'codec: expected a video stream, found none\n'],
      ];
    });

    it('names each with its fault, finishes the good one beside them, and fails', async () => {
      const alone = await finish('run', good, ...ONE_PROCESS);
      const together = await finish('run', ...bad.map(([path]) => path), good, ...ONE_PROCESS);

      expect(alone).toMatchObject({ code: 0 });
      expect(together.code).toBe(1);
      for (const [path, name, told] of bad) {
        expect(together.stderr).toContain(`error ${name}: ${told.replace('PATH', path)}`);
        expect(together.stderr).toContain(`${name}: failed, 0 frames looked at`);
      }
      expect(together.stderr).toContain('good: completed, 20 frames looked at');
      const lines = together.stdout.split('\n').filter((line) => line.includes('"subject":"good"'));
      expect(`${lines.join('\n')}\n`).toBe(alone.stdout);
      expect(eventsOf(parseEvents(alone.stdout), 'track.started').length).toBeGreaterThan(0);
      const causes = eventsOf(parseEvents(together.stdout), 'camera.offline').map(({ data }) => data.cause);
      expect(causes.sort()).toEqual(['codec', 'completed', 'corrupt', 'corrupt']);
    });

    it('is told by detect too, which goes on to the next', async () => {
      const told = await finish('detect', ...bad.map(([path]) => path), good, ...ONE_PROCESS);
      expect(told.code).toBe(1);
      for (const [path, name] of bad) {
        expect(told.stderr).toContain(`: ${path}: expected`);
        expect(told.stdout).not.toContain(`${name}.mp4`);
      }
      expect(told.stderr).toContain('audio-only.mp4: expected a video stream, found none');
      expect(told.stderr).toContain('empty-folder: expected pictures in the folder, found none');
      expect(told.stdout.trim().split('\n')).toHaveLength(20);
    });
  });

  it('a recording whose data are cut off: what there is is analysed, with a warning', async () => {
    const cut = inFolder('cut.mp4');
    writeFileSync(cut, readFileSync(good));
    truncateSync(cut, Math.floor((statSync(good).size * 2) / 3));
    const told = 'expected a whole recording, got one that is damaged or cut off (';

    const run = await finish('run', cut, good, ...ONE_PROCESS);
    expect(run.code).toBe(0);
    expect(run.stderr).toContain(`warn  cut: ${told}`);
    expect(run.stderr).not.toContain('good: expected');
    const looked = Number(/^cut: completed, (\d+) frames looked at/m.exec(run.stderr)?.[1]);
    expect(looked).toBeGreaterThan(0);
    expect(looked).toBeLessThan(20);
    const offline = eventsOf(parseEvents(run.stdout), 'camera.offline').map(({ subject, data }) => [
      subject,
      data.cause,
    ]);
    expect(offline.sort()).toEqual([
      ['cut', 'completed'],
      ['good', 'completed'],
    ]);

    const detected = await finish('detect', cut, ...ONE_PROCESS);
    expect(detected.code).toBe(0);
    expect(detected.stderr).toContain(`sightline: ${cut}: ${told}`);
    expect(detected.stdout.trim().split('\n')).toHaveLength(looked);
  });

  it('pictures of unusual shape: all are analysed at the size they are shown in, and annotated', async () => {
    const upright = await clip('upright.mp4', ...X264, '-t', '1');
    await ffmpeg('-i', upright, '-metadata:s:v', 'rotate=90', '-c', 'copy', inFolder('quarter.mp4'));
    const shapes: readonly (readonly [path: string, width: number, height: number, frames: number])[] = [
      [await makeVideo.tiny(folder), 2, 2, 20],
      [await makeVideo.huge(folder), 4096, 2160, 3],
      [await clip('tall.mp4', '-vf', 'crop=200:500', ...X264), 200, 500, 20],
      [await clip('odd.mp4', '-vf', 'scale=383:287,format=yuv444p', ...X264), 383, 287, 20],
      [inFolder('quarter.mp4'), 576, 768, 10],
      [await clip('wide-pixels.mp4', '-vf', 'scale=384:576,setsar=2/1', ...X264), 384, 576, 20],
    ];
    const name = (path: string) => path.replace(/^.*\//, '').replace('.mp4', '');
    const video = (path: string) => inFolder(`annotated-${name(path)}.mp4`);
    const cameras = Object.fromEntries(
      shapes.map(([path]) => [name(path), { url: path, annotate: video(path), minScore: 0.2 }]),
    );

    const run = await finish('run', '--config', writeConfig('shapes.json', { cameras }), '--output', '-');
    expect(run.code).toBe(0);
    const events = parseEvents(run.stdout);
    const online = eventsOf(events, 'camera.online').map(({ subject, data }) => [subject, data.source]);
    expect(Object.fromEntries(online)).toEqual(
      Object.fromEntries(shapes.map(([path, width, height]) => [name(path), { width, height }])),
    );
    for (const [path, width, height, frames] of shapes) {
      expect(run.stderr).toContain(`${name(path)}: completed, ${frames} frames looked at`);
      const entries = 'stream=width,height,nb_read_frames,avg_frame_rate,sample_aspect_ratio';
      const args = ['-v', 'error', '-count_frames', '-show_entries', entries, '-of', 'json', video(path)];
      const { stdout } = await exec('ffprobe', args);
      expect((JSON.parse(stdout) as { streams: unknown[] }).streams).toEqual([
        expect.objectContaining({
          width: width + (width % 2),
          height: height + (height % 2),
          nb_read_frames: String(frames),
          avg_frame_rate: '10/1',
          ...(name(path) === 'wide-pixels' && { sample_aspect_ratio: '2:1' }),
        }),
      ]);
    }

    const detect = await finish('detect', ...shapes.map(([path]) => path), '--min-score', '0.05');
    expect(detect.code).toBe(0);
    const lines = detect.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as DetectLine);
    for (const [path, width, height, frames] of shapes) {
      const own = lines.filter(({ source }) => source === path);
      expect(own).toHaveLength(frames);
      expect(own.every((line) => line.width === width && line.height === height)).toBe(true);
      const boxes = own.flatMap(({ detections }) => detections.map(({ box }) => box));
      for (const [x1, y1, x2, y2] of boxes) {
        expect(x1 >= 0 && y1 >= 0 && x1 < x2 && y1 < y2 && x2 <= width && y2 <= height).toBe(true);
      }
      if (!/tiny|huge/.test(path)) expect(boxes.length).toBeGreaterThan(0);
    }
  });

  it('pictures with the names of other formats: detect sees what they are', async () => {
    const formats = ['png', 'jpg', 'bmp', 'webp', 'tiff'];
    const named: string[] = [];
    for (const [index, format] of formats.entries()) {
      await ffmpeg('-i', good, '-frames:v', '1', inFolder(`as-it-is.${format}`));
      named.push(inFolder(`named-${format}.${formats[(index + 1) % formats.length]}`));
      copyFileSync(inFolder(`as-it-is.${format}`), named.at(-1)!);
    }
    const detect = await finish('detect', ...named, ...ONE_PROCESS);
    expect(detect).toMatchObject({ code: 0, stderr: '' });
    const lines = detect.stdout.trim().split('\n');
    const found = lines.map((line) => JSON.parse(line) as DetectLine);
    expect(found.map(({ source }) => source)).toEqual(named);
    for (const { detections } of found) expect(detections.length).toBeGreaterThan(3);
  });

  it('cameras that cannot be reached: why, without their password, trying on until it is stopped', async () => {
    const urls = ['127.0.0.1:1', 'no-such-host.invalid'].map((host) => `rtsp://user:s3cr3t%40word@${host}/x`);
    const run = start('run', ...urls, '--verbose', ...ONE_PROCESS);
    await waitFor(
      () =>
        (run.stderr().match(/127-0-0-1-1: refused: .*trying again in/g) ?? []).length >= 2 &&
        /no-such-host-invalid: dns: .*trying again in/.test(run.stderr()),
      { what: 'both outages to be told, one of them twice', timeoutMs: 30_000 },
    );
    run.child.kill('SIGINT');

    expect(await run.ended).toBe(0);
    expect(run.files()).toEqual([]);
    expect(run.stderr()).toMatch(/^127-0-0-1-1: stopped, 0 frames looked at/m);
    const causes = eventsOf(parseEvents(run.stdout()), 'camera.offline').map(({ data }) => data.cause);
    expect([...new Set(causes)].sort()).toEqual(['dns', 'refused']);
    expect(run.stdout() + run.stderr()).not.toMatch(/s3cr3t|%40word|@word|user:/);
  });

  it('a scheme that is none of ours: wrong usage, and the good input beside it finishes', async () => {
    const url = 'ftp://user:s3cr3t@127.0.0.1:1/x.mp4';
    for (const command of ['run', 'detect']) {
      const both = await finish(command, url, good, ...ONE_PROCESS);
      expect(both.code).toBe(2);
      expect(both.stderr).toMatch(/ftp:\/\/\*\*\*@127\.0\.0\.1:1\/x\.mp4: expected/);
      expect(both.stderr + both.stdout).not.toContain('s3cr3t');
      expect(both.stdout.split('\n').length).toBeGreaterThan(20);
    }
  });

  it('weights that were changed: both hashes', async () => {
    const manifest = copyModel(folder);
    const { file, sha256 } = JSON.parse(readFileSync(manifest, 'utf8')) as { file: string; sha256: string };
    const bytes = readFileSync(inFolder(file));
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(inFolder(file), bytes);
    const actual = createHash('sha256').update(bytes).digest('hex');
    for (const command of ['run', 'detect']) {
      const { code, stderr } = await finish(command, good, '--model', manifest);
      expect(code).toBe(1);
      expect(stderr).toContain(`${inFolder(file)}: expected sha256 ${sha256}, got ${actual}`);
    }
  });

  it('settings that are wrong: exit code 2 and what was meant', async () => {
    writeFileSync(inFolder('typo.yaml'), 'cameras:\n  gate:\n    url: good.mp4\n    maxFpss: 3\n');
    const cases: readonly (readonly [args: readonly string[], told: string])[] = [
      [['run', good, '--labels', 'persom'], 'got "persom" (did you mean person?)'],
      [['detect', good, '--labels', 'persom'], 'got "persom" (did you mean person?)'],
      [
        ['run', '--config', inFolder('typo.yaml')],
        `${inFolder('typo.yaml')}:4:5: cameras.gate.maxFpss: expected a known key (did you mean maxFps?)`,
      ],
      [['run', good, '--max-fps', '0'], '--max-fps: expected a number from 0.01 to 240, got "0"'],
      [['run', good, '--max-fps', 'ten'], '--max-fps: expected a number from 0.01 to 240, got "ten"'],
      [['run', good, '--min-score', '1.5'], '--min-score: expected a number from 0 to 1, got "1.5"'],
      [['detect', good, '--min-score', '-1'], '--min-score: expected a number from 0 to 1, got "-1"'],
      [
        ['run', good, '--processes', '1.5'],
        'model.processes: expected auto or a whole number from 1 to 256, got 1.5',
      ],
      [['detect', good, '--batch', ''], '--batch: expected a whole number from 1 to 64, got ""'],
      [['run', good, '--max-fps'], "option '--max-fps <n>' argument missing"],
    ];
    for (const [args, told] of cases) {
      const { code, stdout, stderr } = await finish(...args);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(told);
    }
  });
});

interface DetectLine {
  readonly source: string;
  readonly width: number;
  readonly height: number;
  readonly detections: readonly { readonly box: readonly [number, number, number, number] }[];
}
