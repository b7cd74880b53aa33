import { resolve } from 'node:path';
import { defineConfig } from '../../config/define-config';
import { cameraInput, expectedCameraUrl } from '../../config/camera-input';
import { loadConfig } from '../../config/load';
import type { Config, ConfigInput } from '../../config/schema';
import type { LoadedConfig } from '../../config/validate';
import { redactUrl } from '../../models/domain/redact';
import { nameCamera } from '../inputs';
import { redisUrlFlag } from './redis-flag';
import { UsageError, listFlag, numberFlag } from './usage';

/** Flags of `sightline run`, as commander gives them. */
export interface RunFlags {
  readonly config?: string;
  readonly output?: string;
  readonly events?: string;
  readonly queue?: string;
  readonly annotate?: string;
  readonly model?: string;
  readonly maxFps?: string;
  readonly labels?: string;
  readonly minScore?: string;
  readonly startTime?: string;
  readonly providers?: string;
  readonly processes?: string;
  readonly batch?: string;
  readonly namespace?: string;
  readonly metrics?: string;
  readonly logFormat: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** What a run is to do. */
export interface RunPlan {
  readonly loaded: LoadedConfig;
  /** One line for each input that cannot be one; the others run. */
  readonly refused: readonly string[];
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type CameraInputs = Record<string, Writable<ConfigInput['cameras'][string]>>;

/**
 * The configuration of a run: a file, with flags over its values, or inputs with flags alone. Everything goes through the
 * same schema. `command` names who asks, in messages. Throws UsageError or ConfigError.
 */
export function runConfig(given: readonly string[], flags: RunFlags, command = 'run'): RunPlan {
  if (flags.logFormat !== 'text' && flags.logFormat !== 'json') {
    throw new UsageError(`--log-format: expected text or json, got ${JSON.stringify(flags.logFormat)}`);
  }
  if (flags.config !== undefined) {
    return { loaded: fromFile(flags.config, given, flags, command), refused: [] };
  }
  const refused = given.flatMap((input) => {
    const expected = expectedCameraUrl(input);
    return expected === undefined ? [] : [`${redactUrl(input)}: expected ${expected}`];
  });
  const inputs = given.filter((input) => expectedCameraUrl(input) === undefined);
  if (refused.length > 0 && inputs.length === 0) throw new UsageError(refused.join('\n'));
  if (inputs.length === 0) {
    throw new UsageError(`${command}: expected an input or --config, got neither`);
  }
  if (flags.annotate !== undefined && inputs.length > 1) {
    throw new UsageError(
      `--annotate: expected one input, got ${inputs.length}; set annotate of each camera in a --config`,
    );
  }
  return { loaded: defineConfig(baseOf(flags, camerasOf(inputs, flags), eventsOf(flags))), refused };
}

function fromFile(path: string, inputs: readonly string[], flags: RunFlags, command: string): LoadedConfig {
  if (inputs.length > 0) {
    throw new UsageError(`${command}: expected inputs or --config, got both (${inputs.length} inputs)`);
  }
  const loaded = loadConfig(path);
  const { config } = loaded;
  const ids = Object.keys(config.cameras);
  if (flags.annotate !== undefined && ids.length > 1) {
    throw new UsageError(
      `--annotate: expected one camera, got ${ids.length}; set annotate of each camera in ${path}`,
    );
  }
  return { ...loaded, config: override(config, flags) };
}

/** A checked configuration with the flags over it; the flags are checked by themselves, as of a file of no name. */
function override(config: Config, flags: RunFlags): Config {
  const given = cameraFlags(flags);
  const flagged = defineConfig(baseOf(flags, { flags: { url: 'file', ...given } }, eventsOf(flags))).config;
  const forCameras = pick(flagged.cameras['flags']!, given);
  const { startTime, ...forLive } = forCameras;
  const cameras = Object.entries(config.cameras).map(([id, camera]) => {
    return [id, { ...camera, ...(cameraInput(camera).mode === 'live' ? forLive : forCameras) }] as const;
  });
  return {
    namespace: flags.namespace === undefined ? config.namespace : flagged.namespace,
    ...withQueue(config, flagged),
    model: { ...config.model, ...pick(flagged.model, modelFlags(flags)) },
    cameras: Object.fromEntries(cameras),
    saturation: config.saturation,
    events: flagged.events.length > 0 ? flagged.events : config.events,
    bridges: config.bridges,
    ...(config.snapshots !== undefined && { snapshots: config.snapshots }),
  };
}

/** The queue of the file with the flag's URL, or either. */
function withQueue({ queue }: Config, { queue: flagged }: Config): Pick<Config, 'queue'> {
  if (flagged === undefined) return queue === undefined ? {} : { queue };
  return { queue: { ...flagged, ...queue, url: flagged.url } };
}

/** Those values of `checked` whose keys were given. */
function pick<T extends object>(checked: T, given: object): Partial<T> {
  return Object.fromEntries(Object.entries(checked).filter(([key]) => key in given)) as Partial<T>;
}

function camerasOf(inputs: readonly string[], flags: RunFlags): CameraInputs {
  const cameras: CameraInputs = {};
  for (const url of inputs) {
    const taken = new Set(Object.keys(cameras));
    cameras[nameCamera(url, taken)] = { url, ...cameraFlags(flags) };
  }
  return cameras;
}

function cameraFlags(flags: RunFlags): Omit<ConfigInput['cameras'][string], 'url'> {
  const maxFps = numberFlag('--max-fps', flags.maxFps, { min: 0.01, max: 240 });
  const minScore = numberFlag('--min-score', flags.minScore, { min: 0, max: 1 });
  const labels = listFlag('--labels', flags.labels);
  return {
    ...(maxFps !== undefined && { maxFps }),
    ...(minScore !== undefined && { minScore }),
    ...(labels !== undefined && { labels }),
    ...(flags.startTime !== undefined && { startTime: flags.startTime }),
    ...(flags.annotate !== undefined && { annotate: resolve(flags.annotate) }),
  };
}

function modelFlags(flags: RunFlags): NonNullable<ConfigInput['model']> {
  const processes = numberFlag('--processes', flags.processes, { min: 1, max: 256 });
  const maxBatch = numberFlag('--batch', flags.batch, { min: 1, max: 64 });
  const providers = listFlag('--providers', flags.providers);
  return {
    ...(flags.model !== undefined && { name: flags.model }),
    ...(processes !== undefined && { processes }),
    ...(maxBatch !== undefined && { maxBatch }),
    // Names that are none are faults of the schema, which lists the right ones.
    ...(providers !== undefined && {
      providers: providers,
    }),
  };
}

function eventsOf({ output, events }: RunFlags): NonNullable<ConfigInput['events']> {
  return [
    ...(output === undefined
      ? []
      : [{ type: 'jsonl' as const, path: output === '-' ? '-' : resolve(output) }]),
    ...(events === undefined ? [] : [{ type: 'redis' as const, url: redisUrlFlag('--events', events) }]),
  ];
}

function baseOf(
  flags: RunFlags,
  cameras: ConfigInput['cameras'],
  events: NonNullable<ConfigInput['events']>,
): ConfigInput {
  return {
    ...(flags.namespace !== undefined && { namespace: flags.namespace }),
    model: modelFlags(flags),
    ...(flags.queue !== undefined && { queue: { url: redisUrlFlag('--queue', flags.queue) } }),
    cameras,
    events,
  };
}
