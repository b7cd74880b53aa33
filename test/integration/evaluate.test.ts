import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { packageRoot } from '../../models/support/package-root';
import type { EvaluationReport } from '../../pipeline/evaluation/report';
import { MAIN, PLAZA, killAll, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

/** Frames of the bundled clip, which are the pictures here. */
const FRAMES = [0, 60, 120, 180];
const CATEGORIES = [
  { id: 1, name: 'person' },
  { id: 3, name: 'car' },
  { id: 90, name: 'toothbrush' },
];

interface GoldenFrame {
  readonly detections: readonly {
    readonly label: string;
    readonly score: number;
    readonly box: readonly [number, number, number, number];
  }[];
}

/** What Python and onnxruntime found in the frames, and were rather sure of. */
const objects = readFileSync(
  join(packageRoot, 'test/golden/detector/plaza.efficientvit-b0-416x256.jsonl'),
  'utf8',
)
  .trimEnd()
  .split('\n')
  .filter((_, index) => FRAMES.includes(index))
  .flatMap((line, index) =>
    (JSON.parse(line) as GoldenFrame).detections
      .filter(({ score }) => score >= 0.45)
      .map(({ label, box: [x1, y1, x2, y2] }) => ({
        image_id: index + 1,
        category_id: CATEGORIES.find(({ name }) => name === label)?.id ?? 90,
        bbox: [x1, y1, x2 - x1, y2 - y1],
        area: (x2 - x1) * (y2 - y1),
        iscrowd: 0,
      })),
  )
  .map((object, index) => ({ id: index + 1, ...object }));

describe('sightline evaluate', () => {
  const folder = tempFolder();
  const runs: SightlineRun[] = [];
  const data = join(folder, 'data.json');
  const pictures = FRAMES.map((_, index) => ({
    id: index + 1,
    file_name: `${index + 1}.png`,
    width: 768,
    height: 576,
  }));

  const write = (changes: object) =>
    writeFileSync(
      data,
      JSON.stringify({ images: pictures, annotations: objects, categories: CATEGORIES, ...changes }),
    );
  function evaluate(...flags: readonly string[]) {
    const args = [MAIN, 'evaluate', '--data', data, '--images', folder, '--processes', '1', ...flags];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    return { status, stdout, stderr, report: () => JSON.parse(stdout) as EvaluationReport };
  }

  beforeAll(() => {
    const select = FRAMES.map((frame) => `eq(n,${frame})`).join('+');
    const filter = ['-vf', `select='${select}'`, '-fps_mode', 'passthrough'];
    execFileSync('ffmpeg', ['-v', 'error', '-i', PLAZA, ...filter, join(folder, '%d.png')]);
  });
  afterAll(() => killAll(runs));

  it('finds what Python found in the same pictures, by label and size, and writes it as COCO results', () => {
    write({});
    const saved = join(folder, 'found.json');
    const { status, report } = evaluate('--json', '--save-detections', saved);
    expect(status).toBe(0);
    const { all, labels, leftOut, pictures: count, floor, provider } = report();
    const person = labels.find(({ label }) => label === 'person')!;
    expect([count, floor, provider]).toEqual([4, 0.001, 'cpu']);
    expect(labels.map(({ label }) => label)).toEqual(['person', 'car']);
    expect(leftOut.categories).toEqual(['toothbrush']);
    expect(leftOut.labels).toContain('dog');
    expect(person.objects).toBeGreaterThan(20);
    expect(person.ap50).toBeGreaterThan(0.95);
    expect(person.ap75).toBeGreaterThan(0.95);
    expect(person.atDefault.recall).toBeGreaterThan(0.95);
    expect(person.bestF1!.threshold).toBeGreaterThan(0.38);
    expect(person.bestF1!.f1).toBeGreaterThan(0.9);
    expect(all.objects).toBe(labels[0]!.objects + labels[1]!.objects);

    const found = JSON.parse(readFileSync(saved, 'utf8')) as readonly Record<string, unknown>[];
    expect(found.length).toBeGreaterThan(all.objects);
    expect(new Set(found.map(({ category_id }) => category_id))).toEqual(new Set([1, 3]));
    expect(Math.min(...found.map(({ score }) => score as number))).toBeLessThan(0.3);
    evaluate('--limit', '1', '--floor', '0.3', '--save-detections', saved);
    const surer = JSON.parse(readFileSync(saved, 'utf8')) as typeof found;
    expect(surer).toEqual(found.filter(({ score, image_id }) => (score as number) >= 0.3 && image_id === 1));
  });

  it('prints a table, in which a missing and a broken picture are named, and judges the others', () => {
    writeFileSync(join(folder, 'broken.png'), readFileSync(join(folder, '1.png')).subarray(0, 9000));
    write({
      images: [
        ...pictures,
        { id: 11, file_name: 'nowhere.png' },
        { id: 12, file_name: 'broken.png' },
        { id: 13, file_name: 'data.json' },
      ],
      annotations: [...objects, { ...objects[0], id: 900, image_id: 11 }],
    });
    const { status, stdout, stderr } = evaluate('--map', 'toothbrush=dog');
    expect(status).toBe(1);
    expect(stderr).toContain('not_found: nowhere.png: expected a file, found nothing there');
    expect(stderr).toContain('broken.png: ');
    expect(stderr).toContain('data.json: expected a picture');
    expect(stdout).toContain('on 4 of 7 pictures');
    expect(stdout).toMatch(/^person +\d+ +\d+\.\d/m);
    expect(stdout).toContain('3 pictures could not be looked at');
    expect(stdout).not.toContain('Categories without a label');
  });

  it('tells what it came to before a full disk keeps what was found, and replaces nothing that it reads', () => {
    write({});
    symlinkSync('/dev/full', join(folder, 'full.json'));
    const { status, stdout, stderr } = evaluate(
      '--limit',
      '1',
      '--save-detections',
      join(folder, 'full.json'),
    );
    expect([status, stdout, stderr]).toEqual([
      1,
      expect.stringMatching(/^person +\d+ +\d+\.\d/m),
      expect.stringMatching(/^sightline: sink: .*full\.json: expected to write it, got ENOSPC.*\n$/),
    ]);
    for (const input of [data, join(folder, '1.png')]) {
      const before = readFileSync(input);
      expect(evaluate('--save-detections', input)).toMatchObject({
        status: 2,
        stderr: `sightline: ${input}: expected a file of its own to write, got an input\n`,
      });
      expect(readFileSync(input).equals(before)).toBe(true);
    }
  });

  it('judges a picture that says it is to be turned as it is seen, and refuses the size before', async () => {
    const turned = join(folder, 'turned.jpg');
    await sharp(join(folder, '1.png')).rotate(270).withMetadata({ orientation: 6 }).jpeg().toFile(turned);
    const image = { id: 1, file_name: 'turned.jpg' };
    write({ images: [{ ...image, width: 768, height: 576 }] });
    const { report } = evaluate('--json');
    expect(report().labels[0]!.ap50).toBeGreaterThan(0.8);

    write({ images: [{ ...image, width: 576, height: 768 }] });
    const refused = evaluate();
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('turned.jpg: expected 576x768 as in the file, got 768x576');
  });

  it('scales what it finds in a smaller copy to the size of the file', async () => {
    await sharp(join(folder, '1.png')).resize(416, 312).png().toFile(join(folder, 'small.png'));
    write({ images: [{ ...pictures[0], file_name: 'small.png' }] });
    const { report } = evaluate('--json');
    expect(report().labels[0]!.ap50).toBeGreaterThan(0.8);
    expect(report().remarks).toContainEqual(expect.stringMatching(/^1 pictures are of another size/));
  });

  it.each<[string, object, readonly string[], number, string]>([
    ['no category in common', { categories: [{ id: 1, name: 'unicorn' }] }, [], 2, 'got unicorn; --map'],
    ['no objects', { annotations: [] }, [], 1, 'expected objects of person, car in 4 pictures, got none'],
    [
      'objects of categories without a label alone',
      {
        categories: [...CATEGORIES, { id: 9, name: 'people' }],
        annotations: [{ ...objects[0], category_id: 9 }],
      },
      [],
      1,
      "in 4 pictures, got none; no label has people, toothbrush: try --map 'people=LABEL'",
    ],
    ['a rename of nothing', {}, ['--map', 'persn=person'], 2, '(did you mean person?)'],
    ['a rename without a label', {}, ['--map', 'person'], 2, '--map: expected category=label, got "person"'],
    [
      'a floor above the threshold',
      {},
      ['--floor', '0.9'],
      2,
      '--floor: expected a number from 0.0001 to 0.',
    ],
    ['no folder', {}, ['--images', '/nowhere'], 1, '/nowhere: expected the folder of pictures'],
    ['no file', {}, ['--data', '/nowhere.json'], 1, 'not_found: /nowhere.json: expected a file'],
    ['an output over the input', {}, ['--save-detections', data], 2, 'got an input'],
  ])('refuses %s', (_name, changes, flags, exitCode, expected) => {
    write(changes);
    const { status, stdout, stderr } = evaluate(...flags);
    expect([status, stdout]).toEqual([exitCode, '']);
    expect(stderr).toContain(expected);
  });

  it('judges nothing when it is interrupted, and leaves nothing behind', async () => {
    const many = Array.from({ length: 3000 }, (_, id) => ({ id: id + 10, file_name: '1.png' }));
    write({ images: [...pictures, ...many] });
    const run = startSightline(folder, ['evaluate', '--data', data, '--images', folder, '--processes', '1']);
    runs.push(run);
    await waitFor(() => run.processes().some(({ command }) => command.includes('1.png')), {
      what: 'a picture to be decoded',
    });
    run.interruptGroup();
    expect(await run.ended).toBe(1);
    expect(run.stdout()).toBe('');
    expect(run.stderr()).toMatch(/stopped after \d+ of 3004 pictures: nothing is judged/);
    expect([run.processes(), run.files()]).toEqual([[], []]);
  });
});
