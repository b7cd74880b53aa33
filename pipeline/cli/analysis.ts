import { dirname } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { checkAgainstModel } from '../../config/check-against-model';
import { ConfigError } from '../../config/config-error';
import type { LoadedConfig } from '../../config/validate';
import { toPipelineError } from '../../models/domain/errors';
import type { PipelineError } from '../../models/domain/errors';
import type { EventSink } from '../../models/domain/event-sink';
import { isOnDisk } from '../../models/domain/input-kind';
import { createRedactor } from '../../models/domain/redact';
import type { SinkNotice } from '../../operators/sinks/spool-notices';
import { probeFfmpeg } from '../../operators/support/ffmpeg-version';
import { toCameraSpec } from '../camera-spec';
import type { CameraSpec } from '../camera-spec';
import { createPipeline } from '../pipeline';
import type { CameraRun, Pipeline } from '../pipeline';
import { checkInput } from '../inputs';
import { watchSinks } from '../sink-metrics';
import { openSinks } from '../sinks';
import { openSnapshots, watchSnapshots } from '../snapshots';
import type { OpenSinksOptions, SinkContext } from '../sinks';
import type { Telemetry } from '../telemetry';
import { probeMedia } from '../probe-media';
import { createTelemetry } from '../telemetry';
import { createConsoleSink } from './console-sink';
import { hasColours } from './describe-event';
import { createDetectorSource } from './detector-source';
import { hideTyped } from './hide-typed';
import { createLog } from './log';
import { openMetrics } from './metrics-flag';
import { checkOutputPaths } from './output-paths';
import { createProgressView } from './progress';
import type { ProgressView } from './progress';
import { startBridges } from './run-bridges';
import type { FinishedCamera } from './run-cameras';
import type { RunFlags, RunPlan } from './run-config';
import { catchStopSignals } from './signals';
import { placesOf, summaryOf } from './summary';
import { EXIT } from './usage';
import { whenReachable } from './when-reachable';

/** What runs the cameras of an analysis. */
export interface DriveContext {
  readonly specs: readonly CameraSpec[];
  readonly pipeline: Pipeline;
  readonly telemetry: Telemetry;
  readonly sinks: readonly EventSink[];
  /** Aborted when the analysis is to stop: by a signal, or because a sink has ended. */
  readonly stopping: AbortSignal;
  readonly onStart: (run: CameraRun) => void;
  /** Says how `/readyz` is answered from now on; before, not ready. */
  readonly setReady: (isReady: () => boolean) => void;
}

export interface AnalysisOptions {
  readonly plan: RunPlan;
  readonly flags: RunFlags;
  /** Runs the cameras and resolves with how they ended, at the latest some time after `stopping` is aborted. */
  readonly drive: (context: DriveContext) => Promise<readonly FinishedCamera[]>;
  /** The cameras come and go, and are told of in lines instead of bars. */
  readonly isShared?: boolean;
  /** What the sinks ask of whoever owns the cameras. */
  readonly sinkContext?: SinkContext;
}

/** For the last events of a run to be passed on by its bridges. */
const DRAIN_MS = 5000;

/** Everything around the cameras of one command: log, model, sinks, detector, signals, summary. Resolves with its exit code. */
export async function analyse({
  plan,
  flags,
  drive,
  sinkContext,
  isShared = false,
}: AnalysisOptions): Promise<number> {
  const { loaded, refused } = plan;
  const { config, secrets } = loaded;
  const hideConfig = createRedactor(secrets);
  const hide = (text: string) => hideTyped(hideConfig(text));
  checkOutputPaths(config);
  const hasBars = flags.quiet !== true && flags.logFormat !== 'json' && !isShared;
  const view = createProgressView(process.stderr, hasBars);
  const isJson = flags.logFormat === 'json';
  // Where bars do not show what cameras are doing, lines do.
  const hasLines = isShared || isJson || (hasBars && !process.stderr.isTTY);
  const log = createLog({
    format: isJson ? 'json' : 'text',
    level: flags.verbose ? 'debug' : hasLines ? 'info' : 'warn',
    redact: hide,
    write: (line) => view.line(line),
  });
  const signals = catchStopSignals((text) => (isJson ? log.warn(text) : view.line(text)));
  const closing: (() => Promise<void>)[] = [];
  let hasStarted = false;
  try {
    const telemetry = createTelemetry(log);
    let isReady = () => false;
    closing.push(await openMetrics(flags.metrics, telemetry.registry, () => isReady()));
    warnOfFlagsWithoutEffect(flags, config, telemetry);
    const source = await createDetectorSource(config, telemetry, signals.signal);
    if (source === undefined) return EXIT.failed;
    const faults = checkAgainstModel(loaded, source.detector.labels);
    if (faults.length > 0) throw new ConfigError(faults);
    const specs = Object.entries(config.cameras).map(([name, camera]) => ({
      ...toCameraSpec(name, camera, source.detector),
      hide,
    }));
    for (const line of refused) view.line(`error ${line}`);
    // A mistyped name must not cost what an output file holds.
    if (!(await isAnyUsable(specs, telemetry))) return EXIT.failed;
    await probeFfmpeg();
    const sinkOptions = {
      ...(sinkContext !== undefined && { context: sinkContext }),
      onTrouble: (error: PipelineError) => telemetry.warning(`events: ${error.detail}; trying again`),
      onNotice: ({ level, message }: SinkNotice) =>
        telemetry[level === 'warn' ? 'warning' : 'recovered'](`events: ${message}`),
    };
    const open = () => openAllSinks(loaded, view, sinkOptions);
    // One of many processes waits for Redis whatever it needs it for; a lone run says at once that there is none.
    const sinks = await (isShared ? whenReachable(open, telemetry, signals.signal) : open());
    watchSinks(telemetry.registry, sinks);
    const closeAll = async (error: unknown): Promise<never> => {
      await Promise.allSettled(sinks.map((sink) => sink.close()));
      throw error;
    };
    const snapshots = await openSnapshots(config, {
      onTrouble: (error) => telemetry.warning(`snapshots: ${error.detail}; trying again`),
      onNotice: ({ level, message }) => telemetry[level === 'warn' ? 'warning' : 'recovered'](message),
    }).catch(closeAll);
    if (snapshots !== undefined) watchSnapshots(telemetry.registry, snapshots);
    if (isShared) for (const place of placesOf(config)) log.info(place);
    const port = await source.start().catch(async (error: unknown) => {
      await snapshots?.writer.close();
      return closeAll(error);
    });
    hasStarted = true;
    const bridges = await startBridges(config, telemetry);
    closing.push(() => bridges.close());
    const { saturation } = config;
    const pipeline = createPipeline({ port, sinks, telemetry, snapshots, saturation });
    const stopping = stopWhenASinkEnds(sinks, signals.signal);
    const stop = () => void pipeline.close().catch(() => undefined);
    stopping.signal.addEventListener('abort', stop);
    if (stopping.signal.aborted) stop();

    const finished = await drive({
      specs,
      pipeline,
      telemetry,
      sinks,
      stopping: stopping.signal,
      onStart: (run) => show(run, view),
      setReady: (check) => (isReady = check),
    }).catch(async (error: unknown) => {
      await pipeline.close().catch(() => undefined);
      throw error;
    });
    const failedClosing = await pipeline.close().then(
      () => undefined,
      (error: unknown) => toPipelineError(error, 'sink'),
    );
    // Others go on with the log of cameras that are shared.
    if (!isShared) await bridges.drain(DRAIN_MS);
    view.close();
    const failure = stopping.failure() ?? failedClosing;
    const say = (text: string) => void process.stderr.write(`${hide(text)}\n`);
    if (failure !== undefined)
      (isJson ? (text: string) => log.error(text) : say)(`sightline: ${failure.message}`);
    if (flags.quiet !== true) {
      for (const line of summaryOf(finished, config)) (isJson ? (text: string) => log.info(text) : say)(line);
    }
    if (refused.length > 0) return EXIT.usage;
    return failure !== undefined || finished.some(hasFailed) ? EXIT.failed : EXIT.done;
  } catch (error) {
    // What was waited for is not waited for any more; nothing was begun.
    if (signals.signal.aborted && !hasStarted) return EXIT.done;
    throw error;
  } finally {
    view.close();
    signals.release();
    for (const close of closing) await close();
  }
}

/** The detector is somewhere else: what it runs on is said there. */
function warnOfFlagsWithoutEffect(
  flags: RunFlags,
  { queue }: LoadedConfig['config'],
  telemetry: Telemetry,
): void {
  if (queue === undefined) return;
  for (const name of ['providers', 'processes', 'batch'] as const) {
    if (flags[name] !== undefined) {
      telemetry.warning(
        `--${name} has no effect here: the detector runs in workers; give it to sightline worker`,
      );
    }
  }
}

const hasFailed = ({ result }: FinishedCamera) => result.state === 'failed';

/** False when all inputs must lie on the disk and none can be read; tells of each. */
async function isAnyUsable(specs: readonly CameraSpec[], telemetry: Telemetry): Promise<boolean> {
  const files = specs.filter(({ kind }) => isOnDisk(kind));
  if (files.length < specs.length) return true;
  const checks = await Promise.allSettled(files.map(checkInput));
  if (checks.some(({ status }) => status === 'fulfilled')) return true;
  for (const [index, check] of checks.entries()) {
    if (check.status === 'rejected') {
      telemetry.cameraFailed(files[index]!.id, toPipelineError(check.reason), undefined);
    }
  }
  return false;
}

/** The configured sinks; on a terminal without any, the terminal itself. */
async function openAllSinks(
  { config }: LoadedConfig,
  view: ProgressView,
  options: OpenSinksOptions,
): Promise<EventSink[]> {
  for (const { annotate } of Object.values(config.cameras)) {
    if (annotate !== undefined) await mkdir(dirname(annotate), { recursive: true });
  }
  if (config.events.length > 0) return openSinks(config, options);
  if (process.stdout.isTTY)
    return [createConsoleSink((text) => view.line(text), { inColour: hasColours(process.stderr) })];
  return openSinks({ ...config, events: [{ type: 'jsonl', path: '-', append: false }] }, options);
}

function show(run: CameraRun, view: ProgressView): void {
  void mediaOf(run.spec).then((media) => view.watch(run, media));
}

const mediaOf = (spec: CameraSpec) =>
  spec.mode === 'recorded' && spec.kind === 'file' ? probeMedia(spec) : Promise.resolve({});

/** Without a place for its events the pipeline has nothing to run for. */
function stopWhenASinkEnds(sinks: readonly EventSink[], signal: AbortSignal) {
  const ended = new AbortController();
  let failure: Error | undefined;
  for (const sink of sinks) {
    void sink.ended.then((end) => {
      if (end.kind === 'failed') failure ??= end.error;
      if (end.kind !== 'closed') ended.abort();
    });
  }
  return { signal: AbortSignal.any([signal, ended.signal]), failure: () => failure };
}
