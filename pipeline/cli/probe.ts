import { resolve } from 'node:path';
import type { Command } from 'commander';
import { from, fromEvent, mergeMap, of } from 'rxjs';
import {
  CAMERA_SCHEMES,
  cameraInput,
  expectedCameraUrl,
  filePathOf,
  schemeOf,
} from '../../config/camera-input';
import { defineConfig } from '../../config/define-config';
import { loadConfig } from '../../config/load';
import { suggest } from '../../config/suggest';
import { systemClock } from '../../models/domain/clock';
import { PipelineError } from '../../models/domain/errors';
import type { SourceMode } from '../../models/domain/frame';
import { createRedactor, credentialsOf, redactUrl } from '../../models/domain/redact';
import { streamFacts } from '../../operators/sources/stream-facts';
import { checkReadableFile, isImagePath } from '../inputs';
import type { Input } from '../inputs';
import { failureOf, probeInput } from '../probe/probe-input';
import type { ProbeResult } from '../probe/result';
import { reportOf, rowOf } from './probe-report';
import { catchStopSignals } from './signals';
import { EXIT, UsageError, numberFlag } from './usage';

interface ProbeFlags {
  readonly seconds?: string;
  readonly config?: string;
  readonly camera?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

/** One input to probe, and what is secret about it. */
interface Target {
  readonly name: string;
  readonly input: Input;
  readonly mode: SourceMode;
  readonly maxFps: number;
  readonly hide: (text: string) => string;
  /** Why it cannot be opened at all. */
  readonly refusal?: PipelineError;
}

const DEFAULT_SECONDS = 5;
const MAX_SECONDS = 300;
/** Cameras probed at once: each is a process that decodes. */
const MAX_PROBES = 8;

/** `sightline probe`: what a camera or file is like and what will hurt; exit code 1 when it gives no pictures. */
export function addProbeCommand(program: Command): void {
  program
    .command('probe')
    .description('say what a camera or video file is like, or what is wrong with it')
    .argument('[input]', 'an RTSP URL or a video file')
    .option('--seconds <n>', `how long to watch, or how much of a file to read (default ${DEFAULT_SECONDS})`)
    .option('-c, --config <file>', 'take the input from a configuration file')
    .option('--camera <name>', 'the camera of the configuration')
    .option('--all', 'every camera of the configuration, one line each')
    .option('--json', 'print one JSON object')
    .action(async (input: string | undefined, flags: ProbeFlags) => {
      const seconds = numberFlag('--seconds', flags.seconds, { min: 1, max: MAX_SECONDS }) ?? DEFAULT_SECONDS;
      const targets = targetsOf(input, flags);
      process.exitCode = await probeAll(targets, seconds * 1000, flags);
    });
}

async function probeAll(
  targets: readonly Target[],
  windowMs: number,
  { all: isAll = false, json: isJson = false }: ProbeFlags,
): Promise<number> {
  const signals = catchStopSignals((text) => void process.stderr.write(`sightline: ${text}\n`));
  const width = Math.max(...targets.map(({ name }) => name.length));
  const results: ProbeResult[] = [];
  let printedCount = 0;
  const print = (lines: readonly string[]) => void process.stdout.write(`${lines.join('\n')}\n`);
  // Rows come in the order of the configuration, each as soon as those before it are there.
  const printReady = () => {
    for (let result = results[printedCount]; result !== undefined; result = results[printedCount]) {
      print(isAll ? [rowOf(targets[printedCount]!.name, result, width)] : reportOf(result));
      printedCount++;
    }
  };
  try {
    await from(targets)
      .pipe(
        mergeMap(async (target, index) => {
          results[index] = await probe(target, windowMs, signals.signal);
          if (!isJson) printReady();
        }, MAX_PROBES),
      )
      .forEach(() => undefined);
  } finally {
    signals.release();
  }
  if (isJson) {
    const cameras = Object.fromEntries(targets.map(({ name }, index) => [name, results[index]]));
    print([JSON.stringify(isAll ? { cameras } : results[0], rounded, 2)]);
  }
  return results.every(({ state }) => state === 'ok') ? EXIT.done : EXIT.failed;
}

/** Nothing that is measured here is known to more than a thousandth. */
const rounded = (_key: string, value: unknown) =>
  typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;

async function probe(target: Target, windowMs: number, signal: AbortSignal): Promise<ProbeResult> {
  const { input, mode, maxFps, hide } = target;
  try {
    if (target.refusal !== undefined) throw target.refusal;
    if (input.kind !== 'rtsp') await checkReadableFile(input);
  } catch (error) {
    return { v: 1, input: hide(input.displayName), ...failureOf(error, hide) };
  }
  return probeInput({
    input,
    mode,
    windowMs,
    maxFps,
    hide,
    clock: systemClock,
    facts: streamFacts({ request: input, mode, clock: systemClock }),
    stop: signal.aborted ? of(undefined) : fromEvent(signal, 'abort'),
  });
}

/** What to probe. Throws UsageError or ConfigError. */
function targetsOf(
  given: string | undefined,
  { config, camera, all = false }: ProbeFlags,
): readonly Target[] {
  if (config === undefined) {
    if (camera !== undefined || all)
      throw new UsageError(`--${all ? 'all' : 'camera'}: expected --config too`);
    if (given === undefined) throw new UsageError('probe: expected an input or --config, got neither');
    return [targetOfInput(given)];
  }
  if (given !== undefined) throw new UsageError('probe: expected an input or --config, got both');
  if ((camera !== undefined) === all) {
    throw new UsageError(`--config: expected --camera or --all too, got ${all ? 'both' : 'neither'}`);
  }
  return targetsOfConfig(config, camera);
}

function targetOfInput(given: string): Target {
  // The schema, with the default of maxFps, asks for a camera.
  const { maxFps } = defineConfig({ cameras: { input: { url: 'input' } } }).config.cameras['input']!;
  const scheme = schemeOf(given) ?? 'file';
  const expected = expectedCameraUrl(given);
  const displayName = redactUrl(given);
  const isKnown = (CAMERA_SCHEMES as readonly string[]).includes(scheme);
  if (expected !== undefined && isKnown) throw new UsageError(`${displayName}: expected ${expected}`);
  const location = scheme === 'file' ? (filePathOf(given) ?? resolve(given)) : given;
  const kind = scheme === 'file' ? 'file' : 'rtsp';
  return {
    ...toTarget('input', { kind, location, displayName, maxFps }, credentialsOf(given)),
    ...(expected !== undefined && { refusal: new PipelineError('protocol', `expected ${expected}`) }),
  };
}

function targetsOfConfig(path: string, name: string | undefined): readonly Target[] {
  const { config, secrets } = loadConfig(path);
  const names = Object.keys(config.cameras);
  if (name !== undefined && !names.includes(name)) {
    const meant = suggest(name, names);
    const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
    throw new UsageError(`--camera: expected one of ${names.join(', ')}, got ${JSON.stringify(name)}${hint}`);
  }
  return (name === undefined ? names : [name]).map((id) => {
    const camera = config.cameras[id]!;
    const { kind, location } = cameraInput(camera);
    return toTarget(id, { kind, location, displayName: redactUrl(location), maxFps: camera.maxFps }, secrets);
  });
}

function toTarget(
  name: string,
  { maxFps, ...input }: Input & { readonly maxFps: number },
  secrets: readonly string[],
): Target {
  const isPicture = input.kind === 'file' && isImagePath(input.location);
  return {
    name,
    // A file that stands for a camera is still read as a file: its content is what is asked about.
    mode: input.kind === 'rtsp' ? 'live' : 'recorded',
    input: isPicture ? { ...input, kind: 'image' } : input,
    maxFps,
    hide: createRedactor(secrets),
  };
}
