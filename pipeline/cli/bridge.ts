import type { Command } from 'commander';
import { loadConfig } from '../../config/load';
import type { Config } from '../../config/schema';
import { createRedactor } from '../../models/domain/redact';
import { createTelemetry } from '../telemetry';
import { createLog } from './log';
import { openMetrics } from './metrics-flag';
import { openLog } from './open-log';
import { checkOutputPaths } from './output-paths';
import { startBridges } from './run-bridges';
import type { RunningBridges } from './run-bridges';
import { catchStopSignals } from './signals';
import { EXIT, UsageError } from './usage';

interface BridgeFlags {
  readonly config?: string;
  readonly once?: boolean;
  readonly metrics?: string;
  readonly logFormat: string;
  readonly verbose?: boolean;
}

/** `sightline bridge`: leads events from the log to webhooks, MQTT and files, without running a camera. */
export function addBridgeCommand(program: Command): void {
  program
    .command('bridge')
    .description('pass events of the log on to webhooks, MQTT and files, as the configuration says')
    .argument('[names...]', 'bridges of the configuration (default: all)')
    .option('-c, --config <file>', 'the configuration with the bridges')
    .option(
      '--once',
      'end when all that the log holds is passed on; with exit code 1 when some became dead letters',
    )
    .option('--metrics <address>', 'serve /metrics, /healthz and /readyz: 127.0.0.1:9464')
    .option('--log-format <format>', 'text or json', 'text')
    .option('-v, --verbose', 'say more')
    .action(async (names: string[], flags: BridgeFlags) => {
      process.exitCode = await bridge(names, flags);
    });
}

/** Longer than any log takes. */
const ONCE_MS = 24 * 3_600_000;

async function bridge(names: readonly string[], flags: BridgeFlags): Promise<number> {
  if (flags.logFormat !== 'text' && flags.logFormat !== 'json')
    throw new UsageError(`--log-format: expected text or json, got ${JSON.stringify(flags.logFormat)}`);
  if (flags.config === undefined) throw new UsageError('bridge: expected --config, got none');
  const { config, secrets } = loadConfig(flags.config);
  const chosen = chosenNames(names, config);
  checkOutputPaths(config);
  const log = createLog({
    format: flags.logFormat,
    level: flags.verbose === true ? 'debug' : 'info',
    redact: createRedactor(secrets),
    write: (line) => void process.stderr.write(`${line}\n`),
  });
  const telemetry = createTelemetry(log);
  const signals = catchStopSignals((text) => log.info(text));
  let bridges: RunningBridges | undefined;
  const isReady = () => bridges !== undefined && !signals.signal.aborted;
  const closeMetrics = await openMetrics(flags.metrics, telemetry.registry, isReady);
  try {
    // A wrong address or password is told at once; whoever is there already is waited for, as is a Redis that restarts later.
    (await openLog(logOf(config))).close();
    bridges = await startBridges(config, telemetry, chosen);
    log.info(`${chosen.join(', ')}: passing events on from ${config.namespace}`);
    await (flags.once === true ? drained(bridges, signals.signal) : aborted(signals.signal));
    await bridges.close();
    for (const one of bridges.all) {
      const { delivered, refused } = one.stats();
      log.info(`${one.name}: ${String(delivered)} delivered, ${String(refused)} refused`);
    }
    const hasRefused = bridges.all.some((one) => one.stats().refused > 0);
    return flags.once === true && hasRefused ? EXIT.failed : EXIT.done;
  } finally {
    signals.release();
    await closeMetrics();
  }
}

/** Throws a UsageError for a name that the configuration does not have. */
function chosenNames(names: readonly string[], { bridges }: Config): readonly string[] {
  const known = Object.keys(bridges);
  if (known.length === 0)
    throw new UsageError('bridge: expected a configuration with bridges, got one without');
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`bridge: expected one of ${known.join(', ')}, got ${JSON.stringify(unknown)}`);
  return names.length === 0 ? known : [...new Set(names)];
}

function logOf({ events, namespace }: Config) {
  const sink = events.find(({ type }) => type === 'redis');
  if (sink?.type !== 'redis') throw new UsageError('bridge: expected events of the type redis, got none');
  return { url: sink.url, namespace };
}

/** Resolves when nothing is left to be passed on, or when it is to stop. */
async function drained(bridges: RunningBridges, signal: AbortSignal): Promise<void> {
  await Promise.race([bridges.drain(ONCE_MS), aborted(signal)]);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
