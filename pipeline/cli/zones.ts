import { statSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import type { Command } from 'commander';
import { firstValueFrom, fromEvent, of, takeUntil, throwError, timeout } from 'rxjs';
import { cameraInput, expectedCameraUrl, inputPlace } from '../../config/camera-input';
import type { CameraInput } from '../../config/camera-input';
import { defineConfig } from '../../config/define-config';
import { loadConfig } from '../../config/load';
import type { CameraConfig } from '../../config/schema';
import { suggest } from '../../config/suggest';
import { ERRORS, PipelineError, toPipelineError } from '../../models/domain/errors';
import type { ErrorCode } from '../../models/domain/errors';
import type { SourceMode } from '../../models/domain/frame';
import type { Polygon } from '../../models/domain/polygon';
import { createRedactor, credentialsOf, redactUrl } from '../../models/domain/redact';
import { writePng } from '../../operators/sinks/png-file';
import { decodeInput } from '../../operators/sources/decode-input';
import { isDecodedFrame } from '../../operators/sources/ffmpeg-frames';
import { hideSecrets } from '../../operators/sources/hide-secrets';
import { takeStill } from '../../operators/sources/take-still';
import type { Still } from '../../operators/sources/take-still';
import { watchFrames } from '../../operators/sources/watch-frames';
import { drawRules } from '../../operators/support/rules-overlay';
import type { DrawnRules } from '../../operators/support/rules-overlay';
import { checkInput } from '../inputs';
import { checkOutputPaths, placeOf } from './output-paths';
import { catchStopSignals } from './signals';
import { EXIT, UsageError, numberFlag } from './usage';
import { reportOfRules } from './zones-report';

interface ZonesFlags {
  readonly config: string;
  readonly camera?: string;
  readonly output?: string;
  readonly at?: string;
}

/** What is looked at, and what is drawn on it. */
interface Target {
  readonly input: CameraInput;
  readonly displayName: string;
  readonly masks: readonly Polygon[];
  readonly rules: DrawnRules;
  readonly path: string;
  readonly hide: (text: string) => string;
}

const MAX_AT_SECONDS = 86_400;
/** A recording is not waited for longer than this from one picture to the next. */
const RECORDED_PATIENCE_MS = 60_000;
const VIEW_BUDGET_BYTES = 64 * 1024 * 1024;
/** Of the detector's rendition, which is not made here. */
const NO_INPUT = { width: 2, height: 2 };

/** `sightline zones`: a still of a camera with its zones and lines drawn; exit code 1 when it gives no picture. */
export function addZonesCommand(program: Command): void {
  program
    .command('zones')
    .description("write a still of a camera with its zones and lines drawn, and its privacy masks' black")
    .argument('[input]', 'take the picture from here instead of from the camera: as for `run`')
    .requiredOption('-c, --config <file>', 'the configuration with the zones and lines')
    .option('--camera <name>', 'the camera of the configuration; may be left out where there is only one')
    .option('--output <file>', 'the PNG to write, in place of what it held (default <camera>-zones.png)')
    .option('--at <seconds>', 'how long after the first picture (default 0)')
    .action(async (given: string | undefined, flags: ZonesFlags) => {
      const atSeconds = numberFlag('--at', flags.at, { min: 0, max: MAX_AT_SECONDS }) ?? 0;
      process.exitCode = await makeStill(targetOf(given, flags), atSeconds * 1000);
    });
}

async function makeStill(target: Target, atMs: number): Promise<number> {
  const { input, displayName, masks, rules, path, hide } = target;
  const say = (text: string) => void process.stderr.write(`sightline: ${hide(text)}\n`);
  const signals = catchStopSignals(say);
  try {
    await checkInput({ ...input, displayName });
    const still = await pictureOf(target, atMs, signals.signal);
    if (still !== undefined) {
      drawRules(still.pixels, still.size, rules);
      await writePng({ path, ...still, signal: signals.signal });
      const { width, height } = still.size;
      const lines = [`${path}  ${width}x${height}`, ...reportOfRules(rules, masks, still.size)];
      process.stdout.write(`${hide(lines.join('\n'))}\n`);
      return EXIT.done;
    }
  } catch (error) {
    if (!signals.signal.aborted) {
      const { code, message, detail } = toPipelineError(error);
      const place = detail.startsWith(displayName) || code === 'sink' ? '' : `${displayName}: `;
      say(`${place}${message}; ${remedyOf(code, input.mode, atMs)}`);
    }
  } finally {
    signals.release();
  }
  return EXIT.failed;
}

/** What helps a still where it is not what helps a camera that runs. */
function remedyOf(code: ErrorCode, mode: SourceMode, atMs: number): string {
  if (code === 'sink') return 'check the folder of --output, and that this user may write there';
  if (code === 'ended' && mode === 'recorded' && atMs > 0) return 'ask for an earlier picture with --at';
  return ERRORS[code].remedy;
}

/** Undefined when it was stopped before there was one. */
function pictureOf(
  { input, masks, hide }: Target,
  atMs: number,
  signal: AbortSignal,
): Promise<Still | undefined> {
  const { kind, location, mode, folderFps, rtspTransport } = input;
  const isLive = mode === 'live';
  const picture = decodeInput({
    request: {
      ...{ kind, location, input: NO_INPUT, isRealTime: isLive },
      ...(rtspTransport !== undefined && { rtspTransport }),
    },
    mode,
    masks,
    view: { budgetBytes: VIEW_BUDGET_BYTES },
    ...(folderFps !== undefined && { folderFps }),
  }).pipe(
    hideSecrets(hide),
    isLive
      ? watchFrames({ isFrame: isDecodedFrame })
      : timeout({ each: RECORDED_PATIENCE_MS, with: () => throwError(tooSlow) }),
    takeStill({ mode, atMs }),
  );
  const stopped = signal.aborted ? of(undefined) : fromEvent(signal, 'abort');
  return firstValueFrom(picture.pipe(takeUntil(stopped)), { defaultValue: undefined });
}

function tooSlow(): PipelineError {
  return new PipelineError('timeout', `expected a picture within ${RECORDED_PATIENCE_MS / 1000} s, got none`);
}

/** Throws UsageError or ConfigError. */
function targetOf(given: string | undefined, flags: ZonesFlags): Target {
  const { config, secrets } = loadConfig(flags.config);
  const name = cameraNamed(flags.camera, Object.keys(config.cameras));
  const camera = config.cameras[name]!;
  const looked = given === undefined ? { ...camera, url: camera.viewUrl ?? camera.url } : inputOf(given);
  const path = flags.output ?? `${name}-zones.png`;
  const displayName = redactUrl(given ?? looked.url);
  checkPng(path);
  const inputs = Object.fromEntries(
    Object.entries(config.cameras).map(([id, { url }]) => [id, { ...camera, url, annotate: undefined }]),
  );
  checkOutputPaths({ cameras: { ...inputs, '': { ...looked, annotate: path } }, events: [], bridges: {} });
  checkBesideFolders(path, [...Object.values(config.cameras).map(({ url }) => url), looked.url]);
  return {
    // A file that stands for a camera is still read as a file: a still needs no pace.
    input: cameraInput({ ...looked, loop: false, realTime: undefined }),
    displayName,
    masks: (camera.masks ?? []).map(({ points }) => points),
    rules: rulesOf(camera),
    path,
    hide: createRedactor([...secrets, ...(given === undefined ? [] : credentialsOf(given))]),
  };
}

function cameraNamed(name: string | undefined, names: readonly string[]): string {
  const [only] = names;
  if (name === undefined && names.length === 1) return only!;
  if (name !== undefined && names.includes(name)) return name;
  const expected = `--camera: expected one of ${names.join(', ')}`;
  if (name === undefined) throw new UsageError(`${expected}, got none`);
  const meant = suggest(name, names);
  throw new UsageError(
    `${expected}, got ${JSON.stringify(name)}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`,
  );
}

function inputOf(given: string): CameraConfig {
  const expected = expectedCameraUrl(given);
  if (expected !== undefined) throw new UsageError(`${redactUrl(given)}: expected ${expected}`);
  return defineConfig({ cameras: { input: { url: given } } }).config.cameras['input']!;
}

function rulesOf({ zones = {}, lines = {}, speed }: CameraConfig): DrawnRules {
  const { points = [], metres = [] } = speed?.ground ?? {};
  return {
    zones: Object.entries(zones).map(([name, { points }]) => ({ name, points })),
    lines: Object.entries(lines).map(([name, { points, band }]) => ({ name, points, band })),
    ground: points.map((point, index) => ({ point, metres: metres[index]! })),
  };
}

/** A picture more would make another recording of a folder, or take the place of one of its pictures. */
function checkBesideFolders(path: string, urls: readonly string[]): void {
  const folder = placeOf(dirname(path));
  for (const { kind, location } of urls.map(inputPlace)) {
    if (kind === 'folder' && placeOf(location) === folder)
      throw new UsageError(`${path}: expected a place outside the folders of pictures that are inputs`);
  }
}

/** Before a camera is waited for: what is replaced is a picture, in a folder that is there. */
function checkPng(path: string): void {
  const fault = (got: string) =>
    new UsageError(`--output: expected a file with the ending .png in a folder that is there, got ${got}`);
  if (extname(path).toLowerCase() !== '.png') throw fault(JSON.stringify(redactUrl(path)));
  if (statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() !== true)
    throw fault(`no folder ${dirname(path)}`);
  const entry = statSync(path, { throwIfNoEntry: false });
  if (entry !== undefined && !entry.isFile()) throw fault(`${path}, which is no file`);
}
