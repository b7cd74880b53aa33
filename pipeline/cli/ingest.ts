import type { Command } from 'commander';
import { cameraInput } from '../../config/camera-input';
import type { Config } from '../../config/schema';
import { systemClock } from '../../models/domain/clock';
import { createKeys } from '../../models/domain/keys';
import { redactUrl } from '../../models/domain/redact';
import { createProcessId } from '../../workers/wire/process-id';
import { connect } from '../../workers/wire/connections';
import { createLeaseManager } from '../leases/lease-manager';
import { createLeasedCameras } from '../leases/leased-cameras';
import type { SinkContext } from '../sinks';
import { analyse } from './analysis';
import type { DriveContext } from './analysis';
import { requiredQueueUrl } from './redis-flag';
import type { FinishedCamera } from './run-cameras';
import { runConfig } from './run-config';
import type { RunFlags } from './run-config';
import { addAnalysisFlags } from './run';
import { UsageError, numberFlag } from './usage';

const MAX_CAPACITY = 100_000;

interface IngestFlags extends RunFlags {
  readonly capacity?: string;
}

/** `sightline ingest`: like `run`, but the cameras are shared among all ingest processes of the namespace. */
export function addIngestCommand(program: Command): void {
  addAnalysisFlags(
    program
      .command('ingest')
      .description('run a share of the cameras, together with other ingest processes')
      .argument('[inputs...]', 'URLs of cameras'),
  )
    .option(
      '--queue <url>',
      'Redis of workers and leases: redis://host:6379 or file:/path (or SIGHTLINE_REDIS_URL)',
    )
    .option('--capacity <n>', 'cameras this process runs at most (default: no limit)')
    .action(async (inputs: string[], flags: IngestFlags) => {
      process.exitCode = await ingest(inputs, flags);
    });
}

async function ingest(inputs: readonly string[], flags: IngestFlags): Promise<number> {
  const capacity = numberFlag('--capacity', flags.capacity, { min: 1, max: MAX_CAPACITY }) ?? MAX_CAPACITY;
  const given =
    flags.queue === undefined && flags.config !== undefined && hasQueue(inputs, flags)
      ? flags
      : { ...flags, queue: requiredQueueUrl('ingest', flags.queue) };
  const plan = runConfig(inputs, given, 'ingest');
  refuseRecordings(plan.loaded.config);
  let context: SinkContext | undefined;
  return analyse({
    plan,
    flags: given,
    isShared: true,
    sinkContext: {
      fenceOf: (camera) => context?.fenceOf(camera),
      mayEmit: (camera) => context?.mayEmit(camera) ?? true,
      onSuperseded: (camera, count) => context?.onSuperseded(camera, count),
    },
    drive: (drive) =>
      driveByLeases(drive, { config: plan.loaded.config, capacity, provide: (made) => (context = made) }),
  });
}

function hasQueue(inputs: readonly string[], flags: RunFlags): boolean {
  return runConfig(inputs, flags, 'ingest').loaded.config.queue !== undefined;
}

interface LeaseOptions {
  readonly config: Config;
  readonly capacity: number;
  readonly provide: (context: SinkContext) => void;
}

/** Runs those cameras of which this process holds the lease, until it is stopped. */
async function driveByLeases(
  { specs, pipeline, sinks, telemetry, stopping, setReady }: DriveContext,
  { config, capacity, provide }: LeaseOptions,
): Promise<readonly FinishedCamera[]> {
  const keys = createKeys(config.namespace);
  const access = { url: config.queue!.url, clock: systemClock, purpose: 'leases' };
  const connections = await connect(access, stopping).catch((error: unknown) => {
    if (stopping.aborted) return undefined;
    throw error;
  });
  if (connections === undefined) return [];
  const cameras = createLeasedCameras({
    specs,
    pipeline,
    sinks,
    telemetry,
    isStopping: () => stopping.aborted,
  });
  const manager = createLeaseManager({
    client: connections.commands,
    keys,
    ingestId: createProcessId('ingest'),
    cameras: specs.map(({ id }) => id),
    capacity,
    clock: systemClock,
    redisNowMs: () => connections.redisClock.nowMs(),
    onAcquired: (camera, fence) => cameras.start(camera, fence),
    onLost: (camera) => cameras.lose(camera),
    stop: (camera) => cameras.stop(camera),
    onError: (error) => telemetry.warning(error.message),
  });
  provide({
    fenceOf: (camera) => cameras.fenceOf(camera),
    mayEmit: (camera) => manager.mayEmit(camera) && !cameras.isSilenced(camera),
    onSuperseded: (camera, count) => telemetry.eventsSuperseded(camera, count),
  });
  try {
    manager.start();
    setReady(() => !stopping.aborted && connections.commands.status === 'ready');
    await new Promise<void>((resolve) => {
      if (stopping.aborted) resolve();
      else stopping.addEventListener('abort', () => resolve(), { once: true });
    });
    await manager.close();
    return cameras.finished();
  } finally {
    connections.close();
  }
}

function refuseRecordings({ cameras }: Config): void {
  const recorded = Object.entries(cameras).find(([, camera]) => cameraInput(camera).mode === 'recorded');
  if (recorded === undefined) return;
  const [name, { url }] = recorded;
  throw new UsageError(
    `ingest: expected live cameras, got the recording ${name} (${redactUrl(url)}); use: sightline run`,
  );
}
