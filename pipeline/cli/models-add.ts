import { readFile, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { PipelineError } from '../../models/domain/errors';
import type { Size } from '../../models/domain/geometry';
import { isImagePath } from '../../models/domain/input-kind';
import { listModels } from '../../models/efficientvit/manifest';
import { LAYOUTS } from '../../models/efficientvit/manifest-outputs';
import { packageRoot } from '../../models/support/package-root';
import { probeFfmpeg } from '../../operators/support/ffmpeg-version';
import { inspectGraph } from '../../workers/inspect/inspect-graph';
import { checkReadableFile } from '../inputs';
import type { Input } from '../inputs';
import { draftManifest } from '../new-model/draft-manifest';
import { pathForCommand, placeOfModel, saveModel } from '../new-model/save-model';
import { tryModel } from '../new-model/try-model';
import type { Questions, Wishes } from '../new-model/wishes';
import { createTelemetry } from '../telemetry';
import { createAsker } from './ask';
import type { Asker } from './ask';
import { hideTyped } from './hide-typed';
import { createLog } from './log';
import { describeModel, describeTry } from './models-report';
import { printable } from './printable';
import { catchStopSignals } from './signals';
import { EXIT, UsageError, listFlag, numberFlag } from './usage';

interface AddFlags {
  readonly output?: string;
  readonly name?: string;
  readonly labels?: string;
  readonly layout?: Wishes['layout'];
  readonly pixelFormat?: Wishes['pixelFormat'];
  readonly size?: string;
  readonly license?: string;
  readonly score?: string;
  readonly channelOrder: 'rgb' | 'bgr';
  readonly scale?: string;
  readonly mean?: string;
  readonly std?: string;
  readonly try?: string;
  readonly yes?: boolean;
  readonly force?: boolean;
}

/** What others' tools set too, where nothing else is known. */
const SCORE = 0.25;
const BUNDLED_CLIP: Input = {
  kind: 'file',
  location: join(packageRoot, 'config', 'examples', 'clips', 'plaza.mp4'),
  displayName: 'the bundled clip plaza.mp4',
};
const MAX_LABELS_BYTES = 1024 * 1024;

/** `sightline models add`: makes the manifest of an ONNX detector, asks for what the file does not tell, and tries it. */
export function addModelsAddCommand(models: Command): void {
  models
    .command('add')
    .description('look at an ONNX detector, write the manifest that makes it usable, and try it on a picture')
    .argument('<onnx>', 'the detector, as one file')
    .option(
      '--output <folder>',
      'write the manifest there, with a copy of the weights (default: beside them)',
    )
    .option('--name <name>', "the model's name (default: that of the file)")
    .option('--labels <list>', "labels in the graph's order: a,b,c, or a file with one a line")
    .addOption(new Option('--layout <layout>', 'how its outputs are to be read').choices(LAYOUTS))
    .addOption(new Option('--pixel-format <format>', 'what it takes').choices(['i420', 'rgb24', 'rgb-float']))
    .option('--size <WxH>', 'width and height of its input, where the graph leaves them open')
    .option('--license <text>', 'licence of the weights')
    .option(
      '--score <p>',
      `score from which a detection counts, unless a camera says otherwise (default ${SCORE})`,
    )
    .addOption(
      new Option('--channel-order <order>', 'of a graph that takes RGB')
        .choices(['rgb', 'bgr'])
        .default('rgb'),
    )
    .option('--scale <factor>', 'of the levels 0 to 255, where it takes floats (default 1/255)')
    .option('--mean <a,b,c>', 'then taken off, by channel (default none)')
    .option('--std <a,b,c>', 'then divided by, by channel (default none)')
    .option('--try <picture>', 'try it on this picture or video (default: the bundled clip)')
    .option('--yes', 'ask nothing')
    .option('--force', 'replace files that are there')
    .action(async (path: string, flags: AddFlags) => {
      const asker = createAsker(flags.yes !== true);
      try {
        process.exitCode = await addModel(path, flags, asker);
      } finally {
        asker.close();
      }
    });
}

async function addModel(path: string, flags: AddFlags, asker: Asker): Promise<number> {
  const wishes = await wishesOf(path, flags);
  const force = flags.force === true;
  const place = await placeOfModel(path, wishes.name, {
    force,
    ...(flags.output !== undefined && { output: flags.output }),
  });
  const picture = flags.try === undefined ? BUNDLED_CLIP : inputOf(flags.try);
  await checkReadableFile(picture);
  await probeFfmpeg();

  const graph = await inspectGraph(path);
  const drafted = await draftManifest(path, graph, wishes, questionsOf(asker)).finally(() => graph.close());
  process.stdout.write(describeModel(drafted, graph.bytes));

  const say = (text: string) => void process.stderr.write(`sightline: ${hideTyped(printable(text))}\n`);
  const signals = catchStopSignals(say);
  const telemetry = createTelemetry(
    createLog({ format: 'text', level: 'warn', redact: hideTyped, write: say }),
  );
  try {
    const manifest = { ...drafted.manifest, file: resolve(path) };
    const tried = await tryModel(manifest, picture, telemetry, signals.signal);
    process.stdout.write(describeTry(tried, picture.displayName, manifest.thresholds.score));
  } catch (error) {
    if (!signals.signal.aborted) throw error;
    say('stopped: nothing is written');
    return EXIT.failed;
  } finally {
    signals.release();
  }
  if (asker.isThere && !(await asker.ask(`Write ${place.manifestPath}? [Y/n]`, yesOrNo))) return EXIT.failed;
  await saveModel(drafted.manifest, place, force);
  const command = `sightline detect --model ${pathForCommand(place.manifestPath)} PICTURE`;
  process.stdout.write(`written  ${place.manifestPath}; use it: ${command}\n`);
  return EXIT.done;
}

async function wishesOf(path: string, flags: AddFlags): Promise<Wishes> {
  const { layout, pixelFormat, license, channelOrder } = flags;
  const score = numberFlag('--score', flags.score, { min: 0.01, max: 1 }) ?? SCORE;
  const mean = threeFlag('--mean', flags.mean);
  const std = threeFlag('--std', flags.std);
  return {
    ...{ name: await nameOf(path, flags.name), score, channelOrder, scale: scaleFlag(flags.scale) },
    ...(flags.labels !== undefined && { labels: await labelsOf(flags.labels) }),
    ...(flags.size !== undefined && { size: sizeOf(flags.size) }),
    ...(layout !== undefined && { layout }),
    ...(pixelFormat !== undefined && { pixelFormat }),
    ...(license !== undefined && { license }),
    ...(mean !== undefined && { mean }),
    ...(std !== undefined && { std }),
  };
}

/** Workers publish their manifests by name, so no two models may share one. */
async function nameOf(path: string, given: string | undefined): Promise<string> {
  const made = basename(path, extname(path))
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-');
  const name = given ?? made.replace(/^[._-]+/, '').slice(0, 63);
  const bundled = await listModels();
  if (/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name) && !bundled.includes(name)) return name;
  throw new UsageError(
    `--name: expected small letters, digits, ".", "_" and "-", 63 at most, and not ${bundled.join(' or ')}, got ${JSON.stringify(name)}`,
  );
}

async function labelsOf(text: string): Promise<readonly string[]> {
  const entry = await stat(text).catch(() => undefined);
  if (entry?.isFile() !== true) {
    if (/[/\\]|\.txt$/.test(text))
      throw new UsageError(`--labels: expected a file or a,b,c, got no file ${printable(text)}`);
    return eachOnce(listFlag('--labels', text)!);
  }
  if (entry.size > MAX_LABELS_BYTES)
    throw new UsageError(`--labels: expected a file of at most ${MAX_LABELS_BYTES} bytes, got ${entry.size}`);
  const lines = (await readFile(text, 'utf8')).split(/\r?\n/).map((line) => line.trim());
  const labels = lines.filter((line) => line !== '');
  if (labels.length === 0) throw new UsageError(`--labels: expected a label a line in ${text}, got none`);
  return eachOnce(labels);
}

function eachOnce(labels: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  const repeated = labels.find((label) => seen.size === seen.add(label).size);
  if (repeated === undefined) return labels;
  throw new UsageError(`--labels: expected each once, got ${printable(repeated)} twice`);
}

function sizeOf(text: string): Size {
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? [];
  const size = { width: Number(width), height: Number(height) };
  if (size.width > 0 && size.height > 0 && size.width % 2 === 0 && size.height % 2 === 0) return size;
  throw new UsageError(`--size: expected even WIDTHxHEIGHT, as 640x640, got ${JSON.stringify(text)}`);
}

function scaleFlag(text = '1/255'): number {
  const [numerator, denominator = '1', ...more] = text.split('/');
  const scale = Number(numerator) / Number(denominator);
  if (numerator !== '' && more.length === 0 && scale > 0 && Number.isFinite(scale)) return scale;
  throw new UsageError(`--scale: expected a number above 0, as 1/255 or 1, got ${JSON.stringify(text)}`);
}

function threeFlag(flag: string, text: string | undefined): readonly number[] | undefined {
  const numbers = listFlag(flag, text)?.map(Number);
  if (numbers === undefined || (numbers.length === 3 && numbers.every(Number.isFinite))) return numbers;
  throw new UsageError(`${flag}: expected three numbers, got ${JSON.stringify(text)}`);
}

function inputOf(path: string): Input {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path))
    throw new PipelineError('protocol', `--try: expected the path of a picture or video, got a URL`);
  return { kind: isImagePath(path) ? 'image' : 'file', location: resolve(path), displayName: path };
}

function questionsOf(asker: Asker): Questions {
  return {
    isThere: asker.isThere,
    size: () => asker.ask('The graph takes any size. Which, as 640x640?', sizeOf),
    labels: (count) =>
      asker.ask(
        `Which labels has it${count === undefined ? '' : `, ${count} in its order`}? a,b,c, or a file with one a line:`,
        async (answer) => {
          const labels = await labelsOf(answer);
          if (count === undefined || labels.length === count) return labels;
          throw new UsageError(`expected ${count} labels, got ${labels.length}`);
        },
      ),
    layout: (among) =>
      asker.ask(`How are its outputs to be read, ${among.join(' or ')}?`, (answer) => {
        const chosen = among.find((layout) => layout === answer);
        if (chosen === undefined)
          throw new UsageError(`expected ${among.join(' or ')}, got ${JSON.stringify(printable(answer))}`);
        return chosen;
      }),
    license: () =>
      asker.ask('What is the licence of the weights?', (answer) => {
        if (answer === '') throw new UsageError('expected a licence, got nothing');
        return answer;
      }),
  };
}

function yesOrNo(answer: string): boolean {
  if (/^(y|yes|)$/i.test(answer)) return true;
  if (/^(n|no)$/i.test(answer)) return false;
  throw new UsageError(`expected y or n, got ${JSON.stringify(printable(answer))}`);
}
