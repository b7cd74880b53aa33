import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { fromEvent } from 'rxjs';
import { suggest } from '../../config/suggest';
import { PipelineError, toPipelineError } from '../../models/domain/errors';
import type { DetectPort } from '../../models/domain/detect-port';
import { isImagePath } from '../../models/domain/input-kind';
import type { Observation } from '../../models/domain/observation';
import { lacksScheme, redactUrl } from '../../models/domain/redact';
import { probeFfmpeg } from '../../operators/support/ffmpeg-version';
import { withoutDuplicates } from '../../operators/tracking/detection-set';
import type { LocalDetectPort } from '../../workers/local/pool-types';
import { detectInput } from '../detect-input';
import { startUnlessStopped } from '../detector';
import { checkReadableFile } from '../inputs';
import type { Input } from '../inputs';
import { createTelemetry, describeDamage } from '../telemetry';
import { hideTyped } from './hide-typed';
import { loadModel } from './load-model';
import { createLog } from './log';
import { modelConfig } from './model-flags';
import type { ModelFlags } from './model-flags';
import { catchStopSignals } from './signals';
import { EXIT, UsageError, listFlag, numberFlag } from './usage';

interface DetectFlags extends ModelFlags {
  readonly minScore?: string;
  readonly labels?: string;
  readonly maxFps?: string;
}

/** Frames inside the detector at once: enough for every core, since order is kept anyway. */
const IN_FLIGHT = 16;

/**
 * `sightline detect`: each frame's detections as JSON Lines on standard output, without tracking; of boxes of different labels
 * upon each other the best, as tracks are made of it.
 */
export function addDetectCommand(program: Command): void {
  program
    .command('detect')
    .description('print the detections of pictures and videos as JSON Lines')
    .argument('<inputs...>', 'pictures, videos, or folders of pictures')
    .option('-m, --model <name>', 'bundled model or path of a manifest')
    .option('--min-score <p>', "least score (default: the model's own)")
    .option('--labels <list>', 'kinds of objects: person,car')
    .option('--max-fps <n>', 'frames a second (default: every frame)')
    .option('--providers <list>', 'what to run the model on, best first (default cpu)')
    .option('--processes <n>', 'inference processes (default: one for each core)')
    .option('--batch <n>', 'frames given to the model at once, at most')
    .action(async (inputs: string[], flags: DetectFlags) => {
      process.exitCode = await detect(inputs, flags);
    });
}

async function detect(given: readonly string[], flags: DetectFlags): Promise<number> {
  const maxFps = numberFlag('--max-fps', flags.maxFps, { min: 0.01, max: 240 });
  const model = modelConfig(flags);
  const say = (text: string) => void process.stderr.write(`sightline: ${hideTyped(text)}\n`);
  const log = createLog({ format: 'text', level: 'warn', redact: hideTyped, write: say });
  const manifest = await loadModel(model.name);
  const minScore = numberFlag('--min-score', flags.minScore, { min: 0, max: 1 }) ?? manifest.thresholds.score;
  const labels = wantedLabels(flags, manifest.labels);
  await probeFfmpeg();
  const signals = catchStopSignals(say);
  let port: LocalDetectPort | undefined;
  let exitCode: number = EXIT.done;
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    exitCode = EXIT.failed;
    say(`standard output: expected to write detections, got ${error.message}`);
  });
  try {
    port = await startUnlessStopped(model, manifest, createTelemetry(log), signals.signal);
    if (port === undefined) return EXIT.done;
    for await (const input of expand(given)) {
      if (signals.signal.aborted || process.stdout.destroyed) break;
      try {
        if (input instanceof PipelineError) throw input;
        await checkReadableFile(input);
        await printDetections(input, {
          port,
          signal: signals.signal,
          ...(maxFps !== undefined && { maxFps }),
          onDamage: (detail) => say(`${input.displayName}: ${describeDamage(detail)}`),
          minScore,
          isWanted: ({ label }) => labels?.has(label) ?? true,
        });
      } catch (error) {
        const failure = toPipelineError(error);
        if (exitCode !== EXIT.usage) exitCode = failure.code === 'protocol' ? EXIT.usage : EXIT.failed;
        say(failure.message);
      }
    }
  } finally {
    await port?.close();
    signals.release();
  }
  return exitCode;
}

function wantedLabels({ labels }: DetectFlags, known: readonly string[]): ReadonlySet<string> | undefined {
  const wanted = listFlag('--labels', labels);
  const unknown = wanted?.find((label) => !known.includes(label));
  if (unknown === undefined) return wanted && new Set(wanted);
  const meant = suggest(unknown, known);
  const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
  throw new UsageError(
    `--labels: expected some of ${known.join(', ')}, got ${JSON.stringify(unknown)}${hint}`,
  );
}

/** The inputs one by one; a folder stands for its pictures, by name. */
async function* expand(given: readonly string[]): AsyncGenerator<Input | PipelineError> {
  for (const path of given) {
    if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path) || lacksScheme(path)) {
      yield new PipelineError(
        'protocol',
        `${redactUrl(path)}: expected the path of a picture, a video or a folder, got a URL`,
      );
    } else if ((await stat(path).catch(() => undefined))?.isDirectory() !== true) {
      yield toInput(path);
    } else {
      const names = (await readdir(path)).filter(isImagePath).sort();
      if (names.length === 0) {
        yield new PipelineError('not_found', `${path}: expected pictures in the folder, found none`);
      }
      for (const name of names) yield toInput(join(path, name));
    }
  }
}

function toInput(path: string): Input {
  return { kind: isImagePath(path) ? 'image' : 'file', location: resolve(path), displayName: path };
}

interface PrintOptions {
  readonly port: DetectPort;
  readonly signal: AbortSignal;
  readonly maxFps?: number;
  readonly minScore: number;
  readonly isWanted: (detection: { readonly label: string }) => boolean;
  readonly onDamage: (detail: string) => void;
}

async function printDetections(input: Input, options: PrintOptions): Promise<void> {
  let room: Promise<unknown> | undefined;
  let frame = 0;
  const given = {
    ...options,
    stop: fromEvent(process.stdout, 'close'),
    inFlight: IN_FLIGHT,
    ready: async () => {
      await room;
    },
  };
  await detectInput(input, given, (observation) => {
    const line = lineOf(input.displayName, frame++, observation);
    if (line === undefined || process.stdout.destroyed) return;
    if (!process.stdout.write(line)) {
      room ??= once(process.stdout, 'drain')
        .catch(() => undefined)
        .finally(() => (room = undefined));
    }
  });
}

function lineOf(source: string, frame: number, observation: Observation): string | undefined {
  if (!('detections' in observation)) return undefined;
  const { ptsMs, source: size } = observation.frame;
  const detections = withoutDuplicates(observation.detections).map(({ label, score, box }) => ({
    label,
    score: round(score, 4),
    box: box.map((value) => round(value, 2)),
  }));
  return `${JSON.stringify({ source, frame, ptsMs: round(ptsMs, 3), ...size, detections })}\n`;
}

const round = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits;
