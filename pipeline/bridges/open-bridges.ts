import type { BridgeConfig, Config } from '../../config/schema';
import type { BridgeNotices } from './bridge';
import { createBridge } from './bridge';
import type { Bridge } from './bridge';
import type { CameraFacts } from './home-assistant';
import { createJsonl } from './jsonl';
import type { BridgeTarget, TargetNotices } from './target';
import { createWebhook } from './webhook';

export interface OpenBridgesOptions extends BridgeNotices {
  /** Of Sightline, for those who are told. */
  readonly version: string;
  /** Those to open. Default: all of the configuration. */
  readonly names?: readonly string[];
}

/** Starts the bridges of a configuration. The log is that of its first Redis sink, which the configuration was checked for. */
export async function openBridges(
  config: Pick<Config, 'bridges' | 'events' | 'namespace' | 'cameras'>,
  { version, names, ...notices }: OpenBridgesOptions,
): Promise<readonly Bridge[]> {
  const { namespace, bridges } = config;
  const log = config.events.find((sink) => sink.type === 'redis');
  if (log === undefined) return [];
  const wanted = Object.entries(bridges).filter(([name]) => names?.includes(name) ?? true);
  // A large package that few need.
  const mqtt = wanted.some(([, { type }]) => type === 'mqtt') ? await import('./mqtt.js') : undefined;

  function openTarget(name: string, bridge: BridgeConfig, told: TargetNotices): BridgeTarget {
    switch (bridge.type) {
      case 'webhook':
        return createWebhook({ ...bridge, ...told });
      case 'jsonl':
        return createJsonl({ ...bridge, ...told });
      case 'mqtt':
        return mqtt!.createMqtt({
          ...{ url: bridge.url, prefix: bridge.prefix, namespace, version },
          clientId: bridge.clientId ?? `${namespace}-${name}`,
          ...(bridge.caFile !== undefined && { caFile: bridge.caFile }),
          ...(bridge.homeAssistant !== false && {
            homeAssistant: {
              prefix: bridge.homeAssistant === true ? 'homeassistant' : bridge.homeAssistant.prefix,
              cameras: camerasOf(config, bridge.cameras),
            },
          }),
          ...(bridge.frigate !== false && {
            frigate: { prefix: bridge.frigate === true ? 'frigate' : bridge.frigate.prefix },
          }),
          ...told,
        });
    }
  }

  return wanted.map(([name, bridge]) =>
    createBridge({
      ...{ name, namespace, url: log.url, from: bridge.from },
      ...(bridge.types !== undefined && { types: bridge.types }),
      ...(bridge.cameras !== undefined && { cameras: bridge.cameras }),
      ...notices,
      open: (told) => openTarget(name, bridge, told),
    }),
  );
}

function camerasOf(
  { cameras }: Pick<Config, 'cameras'>,
  wanted: readonly string[] | undefined,
): CameraFacts[] {
  return Object.entries(cameras)
    .filter(([camera]) => wanted?.includes(camera) ?? true)
    .map(([camera, { zones }]) => ({
      camera,
      zones: Object.entries(zones ?? {}).flatMap(([zone, { occupancy }]) =>
        occupancy === undefined ? [] : [zone],
      ),
    }));
}
