import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadManifest, verifyWeights } from '../../models/efficientvit/manifest';
import { graphPath } from '../models/efficientvit/foreign';
import { MODEL, MODELS, WEIGHTS } from '../models/efficientvit/support';
import { MAIN, PLAZA, killAll, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { mountSmallDisk } from '../support/small-disk';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

const folder = tempFolder();
const runs: SightlineRun[] = [];
afterEach(() => killAll(runs.splice(0)));

async function sightline(...args: readonly string[]) {
  const run = startSightline(folder, args);
  runs.push(run);
  const code = await run.ended;
  return { code, stdout: run.stdout(), stderr: run.stderr() };
}

let made = 0;
/** A folder of its own with a copy of a graph. */
function put(name: string, from = graphPath(name)): { path: string; folder: string } {
  const own = join(folder, `m${made++}`);
  mkdirSync(own);
  const path = join(own, `${name}.onnx`);
  copyFileSync(from, path);
  return { path, folder: own };
}

describe('sightline models list', () => {
  it('names the bundled models with size, score and labels', async () => {
    const { code, stdout } = await sightline('models', 'list');
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual([...MODELS]);
    const { score } = (await loadManifest(MODELS[0])).thresholds;
    expect(lines[0]).toMatch(new RegExp(` 416x256 +score ${score} +Apache-2\\.0 +person, bicycle, car`));
  });
});

describe('sightline models add', () => {
  it.each([
    ['yolov8', 'layout: yolov8, 64x32', []],
    ['yolov8-dynamic', 'layout: yolov8, 64x32', []],
    ['yolov8-half', 'layout: yolov8, 64x32', []],
    ['yolov5', 'layout: yolov5, 64x32', ['--license', 'MIT']],
    ['end2end', 'layout: end2end, 64x32', []],
    [
      'sightline-rgb24',
      'layout: sightline, 64x32',
      ['--license', 'MIT', '--labels', 'a,b,c', '--channel-order', 'bgr'],
    ],
    ['yolov8-i420', 'layout: yolov8, 64x32', ['--license', 'MIT', '--labels', 'a,b,c']],
  ])('makes a manifest of %s that detects at once', async (name, expected, flags) => {
    const { path, folder: own } = put(name);
    const added = await sightline('models', 'add', path, ...flags);
    expect(added).toMatchObject({ code: 0, stderr: '' });
    expect(added.stdout).toMatch(
      /^tried +\d+ found from score 0\.25 on in the bundled clip plaza\.mp4 \(768x576\)$/m,
    );
    const manifestPath = join(own, `${name}.manifest.json`);
    expect(added.stdout).toContain(`use it: sightline detect --model ${manifestPath} PICTURE`);
    const manifest = await loadManifest(manifestPath);
    await verifyWeights(manifest);
    const { layout, input } = manifest;
    expect(`layout: ${layout}, ${input.width}x${input.height}`).toBe(expected);

    const detected = await sightline('detect', '--model', manifestPath, '--max-fps', '0.1', PLAZA);
    expect(detected).toMatchObject({ code: 0, stderr: '' });
    const [first] = detected.stdout.split('\n');
    const { detections } = JSON.parse(first!) as { detections: { label: string }[] };
    expect(added.stdout).toContain(`${detections.length} found from score 0.25 on`);
    expect(detections.length).toBeGreaterThan(2);
  });

  it('finds the same in a bundled model that it was told nothing of', async () => {
    const { path, folder: own } = put(MODEL, join(WEIGHTS, `${MODEL}.onnx`));
    const { labels, thresholds } = await loadManifest(MODEL);
    writeFileSync(join(own, 'labels.txt'), `${labels.join('\n')}\n\n`);
    const args = [
      '--labels',
      join(own, 'labels.txt'),
      '--license',
      'Apache-2.0',
      '--score',
      `${thresholds.score}`,
    ];
    const taken = await sightline('models', 'add', path, ...args);
    expect(taken.code).toBe(2);
    expect(taken.stderr).toContain('--name: expected small letters');
    const added = await sightline('models', 'add', path, ...args, '--name', 'mine');
    expect(added).toMatchObject({ code: 0, stderr: '' });
    const [own0, bundled] = await Promise.all(
      [join(own, 'mine.manifest.json'), MODEL].map((model) =>
        sightline('detect', '--model', model, '--max-fps', '0.2', PLAZA),
      ),
    );
    expect(own0!.stdout).toBe(bundled!.stdout);
    expect(own0!.stdout).toContain('person');
  });

  it('copies the weights into another folder, and replaces nothing unless it is told to', async () => {
    const { path } = put('yolov8');
    const output = join(folder, 'new', 'models');
    const args = ['models', 'add', path, '--output', output, '--name', 'mine'];
    expect(await sightline(...args)).toMatchObject({ code: 0 });
    const manifestPath = join(output, 'mine.manifest.json');
    await verifyWeights(await loadManifest(manifestPath));
    writeFileSync(manifestPath, 'of somebody else');
    const again = await sightline(...args);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain(`${manifestPath}: expected no such file (--force replaces it), got one`);
    expect(readFileSync(manifestPath, 'utf8')).toBe('of somebody else');
    expect(await sightline(...args, '--force')).toMatchObject({ code: 0 });
    expect((await loadManifest(manifestPath)).name).toBe('mine');
  });

  it.each<[string, string, string[], number, RegExp]>([
    [
      'what is missing',
      'yolov8-unknown',
      [],
      2,
      /expected --labels FILE\|a,b,c, --license TEXT, which the file/,
    ],
    ['another size', 'yolov8', ['--size', '32x32'], 2, /--size: expected 64x32 \(images: .*\), got 32x32/],
    [
      'another format',
      'yolov8',
      ['--pixel-format', 'i420'],
      2,
      /--pixel-format: expected rgb-float .*, got i420/,
    ],
    [
      'another layout',
      'yolov8',
      ['--layout', 'yolov5'],
      2,
      /--layout: expected yolov8 \(output0: float32\[1, 7, 42\]\), got yolov5/,
    ],
    [
      'other labels',
      'yolov8',
      ['--labels', 'a,b'],
      1,
      /expected one of the layouts .* for 2 labels: .*; got output0: float32\[1, 7, 42\]/,
    ],
    ['a classifier', 'classifier', [], 1, /; got output0: float32\[1, 3\] \(a classifier gives such\)/],
    ['segmentation', 'segmentation', [], 1, /expected a detector, got a model for the task "segment"/],
    [
      'two inputs',
      'two-inputs',
      [],
      1,
      /expected one picture: .*; got factor: float32\[1\], images: float32\[1, 3, 32, 64\]/,
    ],
    ['a batch of four', 'yolov8-batch4', [], 1, /a free batch or 1; got images: float32\[4, 3, 32, 64\]/],
    ['weights elsewhere', 'external', [], 1, /expected one file that holds its weights/],
    [
      'scores that are none',
      'yolov8',
      ['--scale', '1'],
      1,
      /expected scores of at most 1, got \d+(\.\d+)?: its outputs .*\n.*: 1 frames were not looked at$/m,
    ],
    [
      'a picture that is none',
      'yolov8',
      ['--try', 'nowhere.png'],
      1,
      /nowhere\.png: expected a file, found nothing/,
    ],
    [
      'a score that is none',
      'yolov8',
      ['--score', '2'],
      2,
      /--score: expected a number from 0\.01 to 1, got "2"/,
    ],
  ])('writes nothing, and says why: %s', async (_what, name, flags, code, message) => {
    const { path, folder: own } = put(name);
    const run = await sightline('models', 'add', path, ...flags);
    expect(run.stderr).toMatch(message);
    expect(run.code).toBe(code);
    expect(existsSync(join(own, `${name}.manifest.json`))).toBe(false);
  });

  it('prints what a hostile graph says, and gives a terminal nothing to obey', async () => {
    const bytes = readFileSync(graphPath('two-inputs'));
    const at = bytes.indexOf('factor');
    for (let next = at; next >= 0; next = bytes.indexOf('factor', next))
      bytes.write('\u001b[31m\u0007', next);
    const path = join(folder, 'hostile.onnx');
    writeFileSync(path, bytes);
    const { code, stderr } = await sightline('models', 'add', path);
    expect([code, stderr]).toEqual([1, expect.stringContaining('; got  [31m : float32[1], images: ')]);
    expect(Buffer.from(stderr).filter((byte) => byte < 0x20 && byte !== 0x0a)).toHaveLength(0);
  });

  it('leaves nothing half on a disk that is full, and what was there', async () => {
    const { path } = put('yolov8');
    const disk = mountSmallDisk(join(folder, 'small'), 8);
    if (disk === undefined) return;
    try {
      const args = ['models', 'add', path, '--output', disk.path, '--name', 'mine', '--force'];
      writeFileSync(join(disk.path, 'mine.onnx'), 'of before');
      writeFileSync(join(disk.path, 'fill'), 'x'.repeat(4096));
      const full = await sightline(...args);
      expect([full.code, full.stderr]).toEqual([
        1,
        expect.stringContaining('mine.manifest.json: expected to write it, got ENOSPC'),
      ]);
      expect(readdirSync(disk.path).sort()).toEqual(['fill', 'mine.onnx']);
      expect(readFileSync(join(disk.path, 'mine.onnx'), 'utf8')).toBe('of before');
      disk.resize(64);
      expect(await sightline(...args)).toMatchObject({ code: 0 });
      await verifyWeights(await loadManifest(join(disk.path, 'mine.manifest.json')));
      expect(readdirSync(disk.path).sort()).toEqual(['fill', 'mine.manifest.json', 'mine.onnx']);
    } finally {
      disk.remove();
    }
  });

  describe('on a terminal', () => {
    const children: ChildProcess[] = [];
    afterEach(() => {
      for (const child of children.splice(0)) child.kill('SIGKILL');
    });

    function start(...args: readonly string[]) {
      const command = ['node', MAIN, 'models', 'add', ...args].map((part) => `'${part}'`).join(' ');
      const child = spawn('script', ['-qec', `stty -echo; exec ${command}`, '/dev/null'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      children.push(child);
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
      return {
        ended,
        output: () => output,
        async answer(question: RegExp, text: string) {
          await waitFor(() => question.test(output), { what: `a question like ${String(question)}` });
          child.stdin.write(text);
        },
      };
    }

    it('asks for what the file does not tell, until it has an answer, and before it writes', async () => {
      const { path, folder: own } = put('yolov8-unknown');
      const run = start(path);
      await run.answer(/Which labels has it, 3 in its order\?/, 'a,b\n');
      await run.answer(/expected 3 labels, got 2[^]+Which labels/, 'none.txt\n');
      await run.answer(/got no file none\.txt[^]+Which labels/, 'a,b,a\n');
      await run.answer(/expected each once, got a twice[^]+Which labels/, 'a,b,c\n');
      await run.answer(/What is the licence of the weights\?/, '\n');
      await run.answer(/expected a licence, got nothing[^]+What is the licence/, 'MIT\n');
      await run.answer(/Write .*yolov8-unknown\.manifest\.json\? \[Y\/n\]/, 'y\n');
      expect(await run.ended).toBe(0);
      const { labels, license } = await loadManifest(join(own, 'yolov8-unknown.manifest.json'));
      expect({ labels, license }).toEqual({ labels: ['a', 'b', 'c'], license: 'MIT' });
    });

    it('stops at Ctrl-C also while it tries the model', async () => {
      const { path, folder: own } = put('yolov8');
      const run = start(path);
      await run.answer(/^licence /m, '\x03');
      expect(await run.ended).toBe(1);
      expect(run.output()).toMatch(/stopping: [^]+stopped: nothing is written/);
      expect(existsSync(join(own, 'yolov8.manifest.json'))).toBe(false);
    });

    it.each([
      ['no', 'n\n', 1],
      ['Ctrl-C', '\x03', 2],
      ['Ctrl-D', '\x04', 2],
    ])('writes nothing after %s', async (_what, answer, code) => {
      const { path, folder: own } = put('yolov8');
      const run = start(path);
      await run.answer(/Write .*\[Y\/n\]/, answer);
      expect(await run.ended).toBe(code);
      expect(existsSync(join(own, 'yolov8.manifest.json'))).toBe(false);
    });
  });
});
