import { fingerprintOf } from '../../../models/efficientvit/fingerprint';
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '../../../models/domain/errors';
import {
  listModels,
  loadManifest,
  manifestSchema,
  toDetectorInfo,
  verifyWeights,
} from '../../../models/efficientvit/manifest';
import { tempFolder } from '../../support/temp-folder';
import { MODEL, MODELS, WEIGHTS, draftOf, writeManifest } from './support';
import type { Draft } from './support';

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PipelineError);
  expect(error).toMatchObject({ code: 'model' });
  return (error as PipelineError).message;
}

describe('listModels', () => {
  it('names the bundled models', async () => {
    expect(await listModels()).toEqual([...MODELS]);
  });
});

describe('loadManifest', () => {
  const folder = tempFolder();
  const load = (change: (draft: Draft) => void) => messageOf(loadManifest(writeManifest(folder, change)));

  it.each(MODELS)('loads the bundled model %s by its name, with the default floor', async (model) => {
    const manifest = await loadManifest(model);
    expect(manifest.name).toBe(model);
    expect(manifest.file).toBe(join(WEIGHTS, `${model}.onnx`));
    expect(manifest.thresholds).toEqual({ ...draftOf(model).thresholds, floor: 0.05 });
  });

  it('takes the weights from the folder of a manifest given by its path', async () => {
    const path = join(folder, 'beside.manifest.json');
    copyFileSync(join(WEIGHTS, `${MODEL}.manifest.json`), path);
    expect((await loadManifest(path)).file).toBe(join(folder, `${MODEL}.onnx`));
  });

  it('gives a manifest that passes the schema unchanged, so that it can cross to another process', async () => {
    const manifest = await loadManifest(MODEL);
    expect(manifestSchema.parse(JSON.parse(JSON.stringify(manifest)))).toEqual(manifest);
  });

  it('answers an unknown name with the names there are', async () => {
    expect(await messageOf(loadManifest('yolo'))).toBe(
      `model: expected ${MODELS.join(' or ')} or the path of a manifest, got "yolo"`,
    );
  });

  it('does not wait for what a pipe or a device may give', async () => {
    const path = join(folder, 'pipe.manifest.json');
    execFileSync('mkfifo', [path]);
    expect(await messageOf(loadManifest(path))).toBe(`model: ${path}: expected a manifest, got no file`);
  });

  it('says what to do with a graph', async () => {
    expect(await messageOf(loadManifest('./Mine.ONNX'))).toMatch(
      /^model: \.\/Mine\.ONNX: expected a manifest .*`sightline models add` makes/,
    );
  });

  it('says which file is missing or is no JSON', async () => {
    expect(await messageOf(loadManifest('./nowhere.json'))).toMatch(
      /nowhere\.json: expected a manifest, got ENOENT/,
    );
    const path = join(folder, 'text.json');
    writeFileSync(path, 'not JSON');
    expect(await messageOf(loadManifest(path))).toMatch(
      /text\.json: expected a manifest, got Unexpected token/,
    );
  });

  it.each<[string, (draft: Draft) => void, RegExp]>([
    ['an unknown key', (draft) => (draft.sha512 = 'x'), /Unrecognized key: "sha512"/],
    [
      'an unknown key deep inside',
      (draft) => (draft.thresholds.min = 0),
      /thresholds: Unrecognized key: "min"/,
    ],
    ['no hash', (draft) => delete (draft as Partial<Draft>).sha256, /sha256: Invalid input: expected string/],
    [
      'a layout that there is not',
      (draft) => (draft.layout = 'ssd'),
      /layout: expected one of sightline, yolov5, yolov8, end2end$/,
    ],
    [
      'the outputs of another layout',
      (draft) => (draft.layout = 'yolov8'),
      /outputs\.detections: .*; outputs: Unrecognized keys: "boxes", "scores"/,
    ],
    [
      'a pixel format that there is not',
      (draft) => (draft.input.pixelFormat = 'yuyv'),
      /input\.pixelFormat: expected one of i420, rgb24, rgb-float$/,
    ],
    [
      'a label too few',
      (draft) => draft.labels.pop(),
      /labels: expected 11 \(outputs\.scores\.shape\), got 10/,
    ],
    ['a label twice', (draft) => (draft.labels[3] = 'car'), /labels: expected each once, got car twice/],
    [
      'more labels than their indices can tell apart',
      (draft) => (draft.labels = Array.from({ length: 2 ** 16 + 1 }, (_, index) => `l${index}`)),
      /labels: Too big: expected array to have <=65536 items/,
    ],
    ['another height', (draft) => (draft.input.height = 258), /input\.shape\[1\]: expected 387 .*, got 384/],
    ['another width', (draft) => (draft.input.width = 320), /input\.shape\[2\]: expected 320 .*, got 416/],
    [
      'an odd width',
      (draft) => (draft.input.width = 415),
      /input\.width: Invalid number: must be a multiple of 2/,
    ],
    [
      'unequal anchors',
      (draft) => (draft.outputs.scores.shape[1] = 5),
      /outputs\.scores\.shape\[1\]: expected 2184 \(as boxes\), got 5/,
    ],
    [
      'a floor above the score',
      (draft) => Object.assign(draft.thresholds, { score: 0.42, floor: 0.5 }),
      /thresholds\.floor: expected at most 0\.42 \(score\), got 0\.5/,
    ],
    [
      'a fault without its delay',
      (draft) => (draft.fault = { kind: 'delay', afterFrames: 1 }),
      /fault\.delayMs/,
    ],
  ])('refuses a manifest with %s', async (_what, change, message) => {
    expect(await load(change)).toMatch(message);
  });

  it('lists all faults at once', async () => {
    const message = await load((draft) => {
      draft.labels.pop();
      draft.input.width = 320;
    });
    expect(message).toMatch(/input\.shape\[2\].*; labels: /);
  });
});

describe('verifyWeights', () => {
  const folder = tempFolder();

  it('gives the bytes that it checked', async () => {
    const bytes = await verifyWeights(await loadManifest(MODEL));
    expect(Buffer.compare(bytes, readFileSync(join(WEIGHTS, `${MODEL}.onnx`)))).toBe(0);
  });

  it('refuses a wrong hash with both hashes', async () => {
    const manifest = await loadManifest(writeManifest(folder, (draft) => (draft.sha256 = 'ab'.repeat(32))));
    const { sha256, file } = draftOf(MODEL);
    expect(await messageOf(verifyWeights(manifest))).toMatch(
      new RegExp(`expected sha256 ${'ab'.repeat(32)}, got ${sha256} \\(${statSync(file).size} bytes\\)`),
    );
  });

  it('refuses weights that were cut short', async () => {
    const file = join(folder, 'short.onnx');
    copyFileSync(join(WEIGHTS, `${MODEL}.onnx`), file);
    truncateSync(file, 1000);
    const manifest = await loadManifest(writeManifest(folder, (draft) => (draft.file = file)));
    expect(await messageOf(verifyWeights(manifest))).toMatch(
      new RegExp(`expected sha256 ${draftOf(MODEL).sha256}, got .*\\(1000 bytes\\)`),
    );
  });

  it('says which weights are missing', async () => {
    const manifest = await loadManifest(writeManifest(folder, (draft) => (draft.file = 'gone.onnx')));
    expect(await messageOf(verifyWeights(manifest))).toMatch(/gone\.onnx: expected weights, got ENOENT/);
  });
});

describe('toDetectorInfo', () => {
  it('holds what a pipeline needs and no more', async () => {
    const manifest = await loadManifest(MODEL);
    expect(toDetectorInfo(manifest)).toEqual({
      name: MODEL,
      sha256: manifest.sha256,
      fingerprint: fingerprintOf(manifest),
      input: { width: 416, height: 256 },
      labels: manifest.labels,
      defaultMinScore: manifest.thresholds.score,
    });
  });
});
