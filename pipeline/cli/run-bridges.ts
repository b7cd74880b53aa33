import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../../config/schema';
import { packageVersion } from '../../models/support/package-version';
import type { Bridge } from '../bridges/bridge';
import { watchBridges } from '../bridges/bridge-metrics';
import type { openBridges } from '../bridges/open-bridges';
import type { Telemetry } from '../telemetry';

/** A bridge whose log does not answer is not waited for longer. */
const READY_MS = 5000;

/** The bridges of a command. */
export interface RunningBridges {
  readonly all: readonly Bridge[];
  /** Resolves when everything the log holds was passed on, or after so long. */
  drain(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts the bridges of a configuration, or those of these names, and exports their numbers. Resolves once they read, so that
 * what is appended from then on is passed on.
 */
export async function startBridges(
  config: Pick<Config, 'bridges' | 'events' | 'namespace' | 'cameras'>,
  telemetry: Pick<Telemetry, 'registry' | 'warning' | 'recovered'>,
  names?: readonly string[],
): Promise<RunningBridges> {
  const all = await openAll(config, {
    version: packageVersion(),
    ...(names !== undefined && { names }),
    onTrouble: (detail) => telemetry.warning(detail),
    onRecovered: (detail) => telemetry.recovered(detail),
  });
  // A file is checked for it; flags may send events elsewhere instead.
  if (all.length === 0 && Object.keys(config.bridges).length > 0)
    telemetry.warning('bridges: expected events to go to Redis as well, got other places; no bridge runs');
  watchBridges(telemetry.registry, all);
  const late = new AbortController();
  const tooLate = delay(READY_MS, undefined, { signal: late.signal }).catch(() => undefined);
  await Promise.race([Promise.all(all.map(({ ready }) => ready)), tooLate]);
  late.abort();
  return {
    all,
    async drain(timeoutMs) {
      await Promise.all(all.map((bridge) => bridge.drain(timeoutMs)));
    },
    async close() {
      await Promise.all(all.map((bridge) => bridge.close()));
    },
  };
}

const openAll: typeof openBridges = async (config, options) =>
  Object.keys(config.bridges).length === 0
    ? []
    : (await import('../bridges/open-bridges.js')).openBridges(config, options);
