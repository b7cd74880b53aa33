import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Command } from 'commander';
import { PipelineError, toError } from '../../models/domain/errors';
import { isImagePath } from '../../models/domain/input-kind';
import type { Manifest } from '../../models/efficientvit/manifest';
import { probeFfmpeg } from '../../operators/support/ffmpeg-version';
import { usableCores } from '../../workers/local/usable-cores';
import { startUnlessStopped } from '../detector';
import { LIMIT } from '../evaluation/coco-rules';
import { detectPictures } from '../evaluation/detect-pictures';
import type { PictureFound } from '../evaluation/detect-pictures';
import { matchLabels } from '../evaluation/match-labels';
import type { LabelMatch } from '../evaluation/match-labels';
import { readCoco } from '../evaluation/read-coco';
import type { CocoFile, CocoPicture } from '../evaluation/read-coco';
import { remarksOn } from '../evaluation/remarks';
import { evaluationReport } from '../evaluation/report';
import type { EvaluationReport } from '../evaluation/report';
import { saveDetections } from '../evaluation/save-detections';
import type { SavedDetections } from '../evaluation/save-detections';
import { trueBoxes } from '../evaluation/true-boxes';
import { createTelemetry } from '../telemetry';
import { createCountingBar } from './counting-bar';
import { describeEvaluation } from './evaluate-report';
import { hideTyped } from './hide-typed';
import { loadModel } from './load-model';
import { createLog } from './log';
import { modelConfig } from './model-flags';
import type { ModelFlags } from './model-flags';
import { placeOf } from './output-paths';
import { printable } from './printable';
import { catchStopSignals } from './signals';
import { EXIT, UsageError, numberFlag } from './usage';

interface EvaluateFlags extends ModelFlags {
  readonly data: string;
  readonly images: string;
  readonly floor?: string;
  readonly limit?: string;
  readonly map?: readonly string[];
  readonly json?: boolean;
  readonly saveDetections?: string;
}

/** As low as COCO's own evaluations go: below it, precision is next to nothing. */
const DEFAULT_FLOOR = 0.001;
const MOST_PARALLEL = 32;
/** Pictures that fail are all in the JSON; a terminal is told of these. */
const MOST_FAILURES_TOLD = 20;

/** `sightline evaluate`: a detector's average precision on labelled pictures, as COCO counts it. */
export function addEvaluateCommand(program: Command): void {
  program
    .command('evaluate')
    .description("judge a detector on labelled pictures: COCO's average precision, by label and size")
    .requiredOption('--data <file>', "objects in COCO's format (instances_val.json)")
    .requiredOption('--images <folder>', 'the folder in which their pictures are')
    .option('-m, --model <name>', 'bundled model or path of a manifest')
    .option('--providers <list>', 'what to run the model on, best first (default cpu)')
    .option('--processes <n>', 'inference processes (default: one for each core)')
    .option('--batch <n>', 'frames given to the model at once, at most')
    .option('--floor <p>', `lowest score that is looked at (default ${DEFAULT_FLOOR})`)
    .option('--limit <n>', 'the first pictures alone, by their ids')
    .option(
      '--map <category=label>',
      'judge a label by a category of another name; may be repeated',
      (one: string, all: readonly string[] | undefined) => [...(all ?? []), one],
    )
    .option('--save-detections <file>', "also write what was found, as COCO's results")
    .option('--json', 'print one JSON object')
    .action(async (flags: EvaluateFlags) => {
      process.exitCode = await evaluate(flags);
    });
}

async function evaluate(flags: EvaluateFlags): Promise<number> {
  const limit = numberFlag('--limit', flags.limit, { min: 1, max: 1e9, isWhole: true });
  const renames = renamesOf(flags.map ?? []);
  const model = modelConfig(flags);
  const manifest = await loadModel(model.name);
  const { score } = manifest.thresholds;
  const floor =
    numberFlag('--floor', flags.floor, { min: 0.0001, max: score }) ?? Math.min(DEFAULT_FLOOR, score);
  await checkFolder(flags.images);
  const file = await readCoco(flags.data);
  const match = matchOf(flags, file, manifest, renames);
  const pictures = file.pictures.slice(0, limit);
  if (trueBoxes(file, pictures, match).truths.length === 0) {
    const others = match.leftOut.categories;
    const hint =
      others.length === 0
        ? ''
        : `; no label has ${others.slice(0, 5).join(', ')}: try --map '${others[0]}=LABEL'`;
    throw new PipelineError(
      'corrupt',
      `${flags.data}: expected objects of ${match.labels.join(', ')} in ${pictures.length} pictures, got none${hint}`,
    );
  }
  const saved = await openOutput(flags, manifest);
  const bar = createCountingBar(process.stderr, pictures.length, 'pictures');
  const say = (text: string) => bar.line(`sightline: ${hideTyped(printable(text))}`);
  const signals = catchStopSignals(say);
  try {
    await probeFfmpeg();
    const telemetry = createTelemetry(
      createLog({ format: 'text', level: 'warn', redact: hideTyped, write: say }),
    );
    const judged = forEvaluation(manifest, floor);
    const port = await startUnlessStopped(model, judged, telemetry, signals.signal);
    if (port === undefined) {
      say('stopped before a picture was looked at: nothing is judged');
      return EXIT.failed;
    }
    let provider: string | undefined;
    let failures = 0;
    const results = await detectPictures({
      port,
      pictures,
      folder: flags.images,
      minScore: floor,
      parallel: Math.min(MOST_PARALLEL, Math.max(usableCores() + 1, model.maxBatch)),
      signal: signals.signal,
      onPicture(result) {
        bar.tick();
        if (result instanceof PipelineError && ++failures <= MOST_FAILURES_TOLD) say(result.message);
      },
    }).finally(() => {
      provider = port.stats().processes[0]?.provider;
      return port.close();
    });
    if (failures > MOST_FAILURES_TOLD) say(`and ${failures - MOST_FAILURES_TOLD} more pictures that failed`);
    if (signals.signal.aborted) {
      const done = results.filter((result) => result !== undefined).length;
      say(`stopped after ${done} of ${pictures.length} pictures: nothing is judged`);
      return EXIT.failed;
    }
    const report = reportOf({ flags, floor, manifest, file, match, pictures, results, provider });
    bar.close();
    const text = flags.json === true ? JSON.stringify(report, rounded, 2) : describeEvaluation(report);
    process.stdout.write(`${text}\n`);
    // After it: a disk that is full costs what was found, and not what it came to.
    if (saved !== undefined) await save(flags, saved, { pictures, match, results });
    return report.failed.length === 0 ? EXIT.done : EXIT.failed;
  } finally {
    bar.close();
    await saved?.close();
    signals.release();
  }
}

/** The model card's floor and limit are for cameras; judged is all that COCO looks at. */
function forEvaluation(manifest: Manifest, floor: number): Manifest {
  // Which thresholds there are depends on the layout; these are of every one.
  const thresholds = { ...manifest.thresholds, floor, maxDetections: LIMIT };
  return { ...manifest, thresholds } as Manifest;
}

function renamesOf(pairs: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    pairs.map((pair) => {
      const at = pair.lastIndexOf('=');
      if (at > 0 && at < pair.length - 1) return [pair.slice(0, at), pair.slice(at + 1)];
      throw new UsageError(`--map: expected category=label, got ${JSON.stringify(pair)}`);
    }),
  );
}

function matchOf(
  { data }: EvaluateFlags,
  { categories }: CocoFile,
  { labels, name }: Manifest,
  renames: ReadonlyMap<string, string>,
): LabelMatch {
  let match: LabelMatch;
  try {
    match = matchLabels(categories, labels, renames);
  } catch (error) {
    throw new UsageError(`--map: ${toError(error).message}`, { cause: error });
  }
  if (match.labels.length > 0) return match;
  const known = categories.map((category) => category.name).slice(0, 20);
  throw new UsageError(
    `${data}: expected a category among the labels of ${name} (${labels.join(', ')}), got ${known.join(', ')}; --map names one of them otherwise`,
  );
}

async function checkFolder(folder: string): Promise<void> {
  const entry = await stat(folder).catch(() => undefined);
  if (entry?.isDirectory() === true) return;
  throw new PipelineError(
    'not_found',
    `${folder}: expected the folder of pictures, ${entry === undefined ? 'found nothing there' : 'got a file'}`,
  );
}

/** Opened before anything is detected, since that may take long. */
async function openOutput(
  { saveDetections: path, data, model }: EvaluateFlags,
  weights: Manifest,
): Promise<FileHandle | undefined> {
  if (path === undefined) return undefined;
  const inputs = [data, weights.file, ...(model === undefined ? [] : [model])].map(placeOf);
  if (inputs.includes(placeOf(path)) || isImagePath(path))
    throw new UsageError(`${path}: expected a file of its own to write, got an input`);
  return open(path, 'w').catch((cause: unknown) => {
    throw new PipelineError('sink', `${path}: expected a file to write, got ${toError(cause).message}`, {
      cause,
    });
  });
}

async function save(
  { saveDetections: path }: EvaluateFlags,
  file: FileHandle,
  found: SavedDetections,
): Promise<void> {
  await saveDetections(file, found).catch((cause: unknown) => {
    throw new PipelineError('sink', `${path}: expected to write it, got ${toError(cause).message}`, {
      cause,
    });
  });
}

interface Outcome {
  readonly flags: EvaluateFlags;
  readonly floor: number;
  readonly manifest: Manifest;
  readonly file: CocoFile;
  readonly match: LabelMatch;
  readonly pictures: readonly CocoPicture[];
  readonly results: readonly (PictureFound | PipelineError | undefined)[];
  readonly provider: string | undefined;
}

/** Of the pictures that were looked at. Throws when there are none. */
function reportOf(outcome: Outcome): EvaluationReport {
  const { flags, floor, manifest, file, match, pictures, results, provider } = outcome;
  const looked = pictures.flatMap((picture, index) => {
    const result = results[index];
    return result === undefined || result instanceof PipelineError ? [] : [{ picture, result }];
  });
  if (looked.length === 0)
    throw new PipelineError('corrupt', `${flags.images}: expected pictures that can be looked at, got none`);
  const failed = pictures.flatMap((picture, index) => {
    const error = results[index];
    return error instanceof PipelineError ? [{ file: picture.file_name, error }] : [];
  });
  const truth = trueBoxes(
    file,
    looked.map(({ picture }) => picture),
    match,
  );
  const { name, sha256, input, thresholds } = manifest;
  return evaluationReport({
    model: { name, sha256, input: `${input.width}x${input.height}` },
    ...{ provider, floor, failed, match, data: flags.data, images: flags.images },
    pictures: looked.length,
    picturesInFile: file.pictures.length,
    defaultThreshold: thresholds.score,
    truths: truth.truths,
    found: looked.flatMap(({ result }, picture) =>
      result.found.flatMap(({ label, ...box }) => {
        const index = match.labels.indexOf(label);
        return index < 0 ? [] : [{ picture, label: index, ...box }];
      }),
    ),
    remarks: remarksOn({
      truth,
      failed: failed.length,
      scaled: looked.filter(({ result }) => result.isScaled).length,
    }),
  });
}

/** Enough to compare with, and no more digits than anybody reads. */
const rounded = (_key: string, value: unknown) =>
  typeof value === 'number' ? Math.round(value * 1e6) / 1e6 : value;
