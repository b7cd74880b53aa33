import { dirname } from 'node:path';
import { mkdir } from 'node:fs/promises';
import type { Command } from 'commander';
import { checkAgainstModel } from '../../config/check-against-model';
import { ConfigError } from '../../config/config-error';
import type { LoadedConfig } from '../../config/validate';
import { toPipelineError } from '../../models/domain/errors';
import type { EventSink } from '../../models/domain/event-sink';
import { createRedactor } from '../../models/domain/redact';
import { toDetectorInfo } from '../../models/efficientvit/manifest';
import { probeFfmpeg } from '../../operators/support/ffmpeg-version';
import { toCameraSpec } from '../camera-spec';
import type { CameraSpec } from '../camera-spec';
import { startDetector } from '../detector';
import { createPipeline } from '../pipeline';
import type { CameraRun } from '../pipeline';
import { checkReadableFile } from '../inputs';
import type { Telemetry } from '../telemetry';
import { usableCores } from '../../workers/local/usable-cores';
import { runCameras } from './run-cameras';
import type { FinishedCamera } from './run-cameras';
import { probeMedia } from '../probe-media';
import { openSinks } from '../sinks';
import { createTelemetry } from '../telemetry';
import { createConsoleSink } from './console-sink';
import { loadModel } from './load-model';
import { createLog } from './log';
import { checkOutputPaths } from './output-paths';
import { createProgressView } from './progress';
import type { ProgressView } from './progress';
import { runConfig } from './run-config';
import type { RunFlags } from './run-config';
import { catchStopSignals } from './signals';
import { summaryOf } from './summary';
import { EXIT } from './usage';

/** `sightline run`: decode, detect, track and emit, in this process and its children; no Redis needed. */
export function addRunCommand(program: Command): void {
  program
    .command('run')
    .description('turn cameras and video files into events')
    .argument('[inputs...]', 'RTSP URLs and video files')
    .option('-c, --config <file>', 'cameras and settings from a YAML file')
    .option('-o, --output <file>', 'write events as JSON Lines; "-" is standard output')
    .option('-e, --events <url>', 'append events to a Redis stream: redis://host:6379')
    .option('-a, --annotate <file>', 'write a video with boxes, ids and labels drawn in (one input)')
    .option('-m, --model <name>', 'bundled model or path of a manifest', undefined)
    .option('--max-fps <n>', 'frames a second that are looked at (default 10)')
    .option('--labels <list>', 'kinds of objects to report: person,car')
    .option('--min-score <p>', 'score from which a detection can start a track')
    .option('--start-time <time>', 'when a recording began: 2026-05-01T12:00:00Z')
    .option('--providers <list>', 'what to run the model on, best first: cuda,cpu (default cpu)')
    .option('--processes <n>', 'inference processes (default: one for each core)')
    .option('--batch <n>', 'frames given to the model at once, at most')
    .option('--namespace <name>', 'prefix of every Redis key')
    .option('--log-format <format>', 'text or json', 'text')
    .option('-q, --quiet', 'no progress and no summary')
    .option('-v, --verbose', 'say more')
    .action(async (inputs: string[], flags: RunFlags) => {
      process.exitCode = await run(inputs, flags);
    });
}

async function run(inputs: readonly string[], flags: RunFlags): Promise<number> {
  const { loaded, refused } = runConfig(inputs, flags);
  const { config, secrets } = loaded;
  checkOutputPaths(config);
  const view = createProgressView(process.stderr, flags.quiet !== true && flags.logFormat !== 'json');
  const signals = catchStopSignals((text) => view.line(text));
  try {
    const log = createLog({
      format: flags.logFormat === 'json' ? 'json' : 'text',
      level: flags.verbose ? 'debug' : 'warn',
      redact: createRedactor(secrets),
      write: (line) => view.line(line),
    });
    const telemetry = createTelemetry(log);
    const manifest = await loadModel(config.model.name);
    checkLabels(loaded, manifest.labels);
    const specs = Object.entries(config.cameras).map(([name, camera]) =>
      toCameraSpec(name, camera, toDetectorInfo(manifest)),
    );
    for (const line of refused) view.line(`error ${line}`);
    // A mistyped name must not cost what an output file holds.
    if (!(await isAnyUsable(specs, telemetry))) return EXIT.failed;
    await probeFfmpeg();
    const sinks = await openAllSinks(loaded, view);
    const port = await startDetector(config.model, manifest, telemetry).catch(async (error: unknown) => {
      await Promise.allSettled(sinks.map((sink) => sink.close()));
      throw error;
    });
    const pipeline = createPipeline({ port, sinks, telemetry });
    const stopping = stopWhenASinkEnds(sinks, pipeline);
    const stop = () => void pipeline.close().catch(() => undefined);
    signals.signal.addEventListener('abort', stop);
    if (signals.signal.aborted) stop();

    const finished = await runCameras(specs, {
      pipeline,
      maxRecordings: Math.max(LEAST_RECORDINGS, 2 * usableCores()),
      onStart: (run) => show(run, view),
      isStopping: () => signals.signal.aborted || stopping.hasBegun(),
    });
    const closing = await pipeline.close().then(
      () => undefined,
      (error: unknown) => toPipelineError(error, 'sink'),
    );
    view.close();
    const failure = stopping.failure() ?? closing;
    if (failure !== undefined)
      process.stderr.write(`sightline: ${createRedactor(secrets)(failure.message)}\n`);
    if (flags.quiet !== true) {
      for (const line of summaryOf(finished, config)) process.stderr.write(`${line}\n`);
    }
    if (refused.length > 0) return EXIT.usage;
    return failure !== undefined || finished.some(hasFailed) ? EXIT.failed : EXIT.done;
  } finally {
    view.close();
    signals.release();
  }
}

/** Recordings read at once, at least. */
const LEAST_RECORDINGS = 4;

const hasFailed = ({ result }: FinishedCamera) => result.state === 'failed';

/** False when all inputs are files and none can be read; tells of each. */
async function isAnyUsable(specs: readonly CameraSpec[], telemetry: Telemetry): Promise<boolean> {
  const files = specs.filter(({ kind }) => kind !== 'rtsp');
  if (files.length < specs.length) return true;
  const checks = await Promise.allSettled(files.map(checkReadableFile));
  if (checks.some(({ status }) => status === 'fulfilled')) return true;
  for (const [index, check] of checks.entries()) {
    if (check.status === 'rejected') {
      telemetry.cameraFailed(files[index]!.id, toPipelineError(check.reason), undefined);
    }
  }
  return false;
}

function checkLabels(loaded: LoadedConfig, labels: readonly string[]): void {
  const faults = checkAgainstModel(loaded, labels);
  if (faults.length > 0) throw new ConfigError(faults);
}

/** The configured sinks; on a terminal without any, the terminal itself. */
async function openAllSinks({ config }: LoadedConfig, view: ProgressView): Promise<EventSink[]> {
  for (const { annotate } of Object.values(config.cameras)) {
    if (annotate !== undefined) await mkdir(dirname(annotate), { recursive: true });
  }
  if (config.events.length > 0) return openSinks(config);
  if (process.stdout.isTTY) return [createConsoleSink((text) => view.line(text))];
  return openSinks({ ...config, events: [{ type: 'jsonl', path: '-', append: false }] });
}

function show(run: CameraRun, view: ProgressView): void {
  void mediaOf(run.spec).then((media) => view.watch(run, media));
}

const mediaOf = (spec: CameraSpec) =>
  spec.mode === 'recorded' && spec.kind === 'file' ? probeMedia(spec) : Promise.resolve({});

/** Without a place for its events the pipeline has nothing to run for. */
function stopWhenASinkEnds(sinks: readonly EventSink[], pipeline: { close(): Promise<void> }) {
  let failure: Error | undefined;
  let isOver = false;
  for (const sink of sinks) {
    void sink.ended.then((end) => {
      if (end.kind === 'failed') failure ??= end.error;
      if (end.kind === 'closed') return;
      isOver = true;
      pipeline.close().catch(() => undefined);
    });
  }
  return { hasBegun: () => isOver, failure: () => failure };
}
