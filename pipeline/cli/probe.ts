import type { Command } from 'commander';
import { from, fromEvent, mergeMap, of } from 'rxjs';
import { cameraInput, expectedCameraUrl, isCameraScheme, schemeOf } from '../../config/camera-input';
import { defineConfig } from '../../config/define-config';
import { loadConfig } from '../../config/load';
import type { CameraConfig } from '../../config/schema';
import { suggest } from '../../config/suggest';
import { systemClock } from '../../models/domain/clock';
import { PipelineError } from '../../models/domain/errors';
import type { SourceMode } from '../../models/domain/frame';
import { RTSP_TRANSPORTS } from '../../models/domain/rtsp-transport';
import type { RtspTransport } from '../../models/domain/rtsp-transport';
import { createRedactor, credentialsOf, redactUrl } from '../../models/domain/redact';
import { inputFacts } from '../../operators/sources/input-facts';
import { checkInput } from '../inputs';
import type { Input } from '../inputs';
import { failureOf, probeInput } from '../probe/probe-input';
import type { ProbeResult } from '../probe/result';
import { reportOf, rowOf } from './probe-report';
import { catchStopSignals } from './signals';
import { EXIT, UsageError, numberFlag } from './usage';

interface ProbeFlags {
  readonly seconds?: string;
  readonly rtspTransport?: string;
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
  /** Generated pictures come as fast as they can be made unless told otherwise. */
  readonly isRealTime: boolean;
  readonly maxFps: number;
  /** The second stream of a camera. */
  readonly isForPeople?: boolean;
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
    .argument(
      '[input]',
      'the URL of a camera, a video file, or a folder of pictures (with a slash at its end)',
    )
    .option('--seconds <n>', `how long to watch, or how much of a file to read (default ${DEFAULT_SECONDS})`)
    .option('--rtsp-transport <how>', 'ask an RTSP camera for its pictures over tcp (default) or udp')
    .option('-c, --config <file>', 'take the input from a configuration file')
    .option('--camera <name>', 'the camera of the configuration; `name.viewUrl` is its second stream')
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
  const { input, mode, isRealTime, maxFps, isForPeople = false, hide } = target;
  try {
    if (target.refusal !== undefined) throw target.refusal;
    await checkInput(input);
  } catch (error) {
    return { v: 1, input: hide(input.displayName), ...failureOf(error, hide) };
  }
  return probeInput({
    input,
    mode,
    windowMs,
    maxFps,
    isForPeople,
    hide,
    clock: systemClock,
    facts: inputFacts({ request: { ...input, isRealTime }, mode, clock: systemClock }),
    stop: signal.aborted ? of(undefined) : fromEvent(signal, 'abort'),
  });
}

/** What to probe. Throws UsageError or ConfigError. */
function targetsOf(
  given: string | undefined,
  { config, camera, all = false, rtspTransport }: ProbeFlags,
): readonly Target[] {
  const transport = transportFlag(rtspTransport);
  if (config === undefined) {
    if (camera !== undefined || all)
      throw new UsageError(`--${all ? 'all' : 'camera'}: expected --config too`);
    if (given === undefined) throw new UsageError('probe: expected an input or --config, got neither');
    return [targetOfInput(given, transport)];
  }
  if (given !== undefined) throw new UsageError('probe: expected an input or --config, got both');
  if (transport !== undefined)
    throw new UsageError('--rtsp-transport: expected no --config, whose cameras have rtspTransport');
  if ((camera !== undefined) === all) {
    throw new UsageError(`--config: expected --camera or --all too, got ${all ? 'both' : 'neither'}`);
  }
  return targetsOfConfig(config, camera);
}

function transportFlag(text: string | undefined): RtspTransport | undefined {
  const transport = RTSP_TRANSPORTS.find((one) => one === text);
  if (transport !== undefined || text === undefined) return transport;
  throw new UsageError(`--rtsp-transport: expected tcp or udp, got ${JSON.stringify(text)}`);
}

function targetOfInput(given: string, rtspTransport: RtspTransport | undefined): Target {
  const scheme = schemeOf(given);
  const expected = expectedCameraUrl(given);
  if (expected === undefined) {
    const { config, secrets } = defineConfig({
      cameras: { input: { url: given, ...(rtspTransport !== undefined && { rtspTransport }) } },
    });
    return toTarget('input', config.cameras['input']!, secrets, redactUrl(given));
  }
  const displayName = redactUrl(given);
  if (scheme === undefined || isCameraScheme(scheme))
    throw new UsageError(`${displayName}: expected ${expected}`);
  return {
    name: 'input',
    input: { kind: 'file', location: given, displayName },
    ...{ mode: 'recorded', isRealTime: false, maxFps: 1, hide: createRedactor(credentialsOf(given)) },
    refusal: new PipelineError('protocol', `expected ${expected}`),
  };
}

function targetsOfConfig(path: string, name: string | undefined): readonly Target[] {
  const { config, secrets } = loadConfig(path);
  const targets = Object.entries(config.cameras).flatMap(([id, camera]): Target[] => {
    const { url, viewUrl } = camera;
    const target = toTarget(id, camera, secrets, redactUrl(url));
    if (viewUrl === undefined) return [target];
    const view = toTarget(`${id}.viewUrl`, { ...camera, url: viewUrl }, secrets, redactUrl(viewUrl));
    return [target, { ...view, isForPeople: true }];
  });
  const names = targets.map((target) => target.name);
  if (name !== undefined && !names.includes(name)) {
    const meant = suggest(name, names);
    const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
    throw new UsageError(`--camera: expected one of ${names.join(', ')}, got ${JSON.stringify(name)}${hint}`);
  }
  return targets.filter((target) => name === undefined || target.name === name);
}

function toTarget(
  name: string,
  camera: CameraConfig,
  secrets: readonly string[],
  displayName: string,
): Target {
  // A file that stands for a camera is still read as a file: its content is what is asked about.
  const { kind, location, mode, folderFps, rtspTransport } = cameraInput({
    ...camera,
    loop: false,
    realTime: undefined,
  });
  return {
    name,
    mode,
    isRealTime: mode === 'live',
    input: {
      ...{ kind, location, displayName },
      ...(folderFps !== undefined && { folderFps }),
      ...(rtspTransport !== undefined && { rtspTransport }),
    },
    maxFps: camera.maxFps,
    hide: createRedactor(secrets),
  };
}
