import type { Command } from 'commander';
import { loadConfig } from '../../config/load';
import { NAMESPACE_PATTERN } from '../../models/domain/keys';
import { REDIS_URL_VARIABLE, redisUrlFlag } from './redis-flag';
import { UsageError } from './usage';

/** Flags that say where the event log is. */
export interface LogFlags {
  readonly redis?: string;
  readonly namespace?: string;
  readonly config?: string;
}

/** Where the event log is. */
export interface LogPlace {
  readonly url: string;
  readonly namespace: string;
}

/** Adds the flags of `logPlace`. */
export function addLogFlags(command: Command): Command {
  return command
    .option(
      '--redis <url>',
      `Redis of the events: redis://host:6379 or file:/path (or ${REDIS_URL_VARIABLE})`,
    )
    .option('--namespace <name>', 'prefix of its keys (default sightline)')
    .option('-c, --config <file>', 'take both from this configuration');
}

/**
 * The log that the flags, the configuration's Redis sink or the environment name, in this order. Throws a UsageError when
 * none does, and a ConfigError for a configuration with faults.
 */
export function logPlace(command: string, flags: LogFlags, env: NodeJS.ProcessEnv = process.env): LogPlace {
  const config = flags.config === undefined ? undefined : loadConfig(flags.config).config;
  const namespace = flags.namespace ?? config?.namespace ?? 'sightline';
  if (!NAMESPACE_PATTERN.test(namespace)) {
    throw new UsageError(
      `--namespace: expected 1 to 32 of a-z, 0-9 and "-", not starting with "-", got ${JSON.stringify(namespace)}`,
    );
  }
  if (flags.redis !== undefined) return { url: redisUrlFlag('--redis', flags.redis), namespace };
  const sink = config?.events.find((one) => one.type === 'redis');
  if (sink !== undefined) return { url: sink.url, namespace };
  if (config !== undefined)
    throw new UsageError(
      `${command}: expected a configuration with events of the type redis, got one without`,
    );
  const variable = env[REDIS_URL_VARIABLE];
  if (variable !== undefined && variable !== '')
    return { url: redisUrlFlag(REDIS_URL_VARIABLE, variable), namespace };
  throw new UsageError(
    `${command}: expected --redis redis://host:6379, --config or ${REDIS_URL_VARIABLE}, got none of them`,
  );
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time, milliseconds since 1970, that is so long ago (`10m`) or is written out. Throws a UsageError that names the flag. */
export function timeFlag(flag: string, text: string | undefined, nowMs = Date.now()): number | undefined {
  if (text === undefined) return undefined;
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined) return Math.max(0, nowMs - Number(amount) * UNITS[unit]!);
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  if (time >= 0) return time;
  throw new UsageError(
    `${flag}: expected how long ago (30s, 10m, 2h, 7d) or a time (2026-05-01T12:00:00Z), got ${JSON.stringify(text)}`,
  );
}
