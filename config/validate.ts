import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { credentialsOf } from '../models/domain/redact';
import { filePathOf, schemeOf } from './camera-input';
import { ConfigError } from './config-error';
import type { ConfigFault, ConfigPath, TextPosition } from './config-error';
import type { ConfigText } from './config-text';
import { bridgeSchema } from './bridges-schema';
import { crossCheck } from './cross-checks';
import { toFaults } from './issue-faults';
import { lineSchema, zoneSchema } from './rules-schema';
import { cameraSchema, configSchema } from './schema';
import type { BridgeConfig, Config } from './schema';
import { valueAt } from './schema-tree';

/** A valid configuration and what belongs to it. */
export interface LoadedConfig {
  readonly config: Config;
  /** For the redactor: what was filled in from outside, and the credentials of URLs. */
  readonly secrets: readonly string[];
  /** Position in the file of a value; undefined for a configuration that was not read from one. */
  readonly locate: (path: ConfigPath) => TextPosition | undefined;
  /** The file as it was named. */
  readonly fileName?: string;
}

export interface ValidateOptions {
  /** For messages. */
  readonly fileName?: string;
  /** Where relative paths start. */
  readonly baseFolder: string;
}

/** A configuration as far as it could be read, with everything that is wrong with it. */
export interface CheckedConfig extends ValidateOptions {
  readonly text: ConfigText;
  readonly faults: readonly ConfigFault[];
  /** The configuration when nothing is. */
  readonly loaded?: LoadedConfig;
}

/** Checks a configuration that was read, and finds every fault in it. */
export function checkConfig(text: ConfigText, options: ValidateOptions): CheckedConfig {
  const { fileName, baseFolder } = options;
  if (text.value === undefined && text.faults.length > 0) return { ...options, text, faults: text.faults };
  const parsed = configSchema.safeParse(text.value);
  const issues = [...(parsed.error?.issues ?? [])];
  const found = [
    ...toFaults([...issues, ...issuesBeneathNames(issues, text.value)], text),
    ...crossCheck(text, baseFolder),
  ];
  const faults = distinct([...text.faults, ...found]);
  if (!parsed.success || faults.length > 0) return { ...options, text, faults };
  const config = freeze(withAbsolutePaths(parsed.data, baseFolder));
  const secrets = [...text.secrets, ...urlsOf(config).flatMap(credentialsOf), ...bridgeSecrets(config)];
  const loaded: LoadedConfig = {
    config,
    secrets: [...new Set(secrets)].filter((secret) => secret !== ''),
    locate: text.locate,
    ...(fileName !== undefined && { fileName }),
  };
  return { ...options, text, faults, loaded };
}

/** The configuration, or a ConfigError with every fault. */
export function loadedOf({ loaded, faults, fileName }: CheckedConfig): LoadedConfig {
  if (loaded === undefined) throw new ConfigError(faults, fileName);
  return loaded;
}

/** What stands beneath names, by the key of the map. */
const NAMED = new Map<string, z.ZodType>([
  ['cameras', cameraSchema],
  ['bridges', bridgeSchema],
  ['zones', zoneSchema],
  ['lines', lineSchema],
]);

/** zod does not look at what stands beneath a key that is wrong (4.6). */
function issuesBeneathNames(issues: readonly z.core.$ZodIssue[], value: unknown): z.core.$ZodIssue[] {
  return issues.flatMap(({ code, path }) => {
    const schema = NAMED.get(String(path.at(-2)));
    if (code !== 'invalid_key' || schema === undefined) return [];
    const named = valueAt(
      value,
      path.filter((part) => typeof part !== 'symbol'),
    );
    const beneath = schema.safeParse(named).error?.issues ?? [];
    return beneath.map((issue) => ({ ...issue, path: [...path, ...issue.path] }));
  });
}

/** A number can fail two checks and be told of in the same words. */
function distinct(faults: readonly ConfigFault[]): readonly ConfigFault[] {
  return [...new Map(faults.map((fault) => [JSON.stringify(fault), fault])).values()];
}

/** Folder in which the relative paths of a configuration file start. */
export function baseFolderOf(fileName: string): string {
  return dirname(resolve(fileName));
}

/** What signs and authorizes requests. */
function bridgeSecrets({ bridges }: Config): readonly string[] {
  return Object.values(bridges).flatMap((bridge) =>
    bridge.type === 'webhook' ? [bridge.secret ?? '', ...Object.values(bridge.headers)] : [],
  );
}

function urlsOf({ cameras, events, queue, bridges, snapshots }: Config): readonly string[] {
  return [
    ...(queue === undefined ? [] : [queue.url]),
    ...Object.values(cameras).flatMap(({ url, viewUrl }) => (viewUrl === undefined ? [url] : [url, viewUrl])),
    ...events.flatMap((sink) => (sink.type === 'redis' ? [sink.url] : [])),
    ...Object.values(bridges).flatMap((bridge) => (bridge.type === 'jsonl' ? [] : [bridge.url])),
    ...(snapshots?.store.type === 'redis' ? [snapshots.store.url] : []),
  ].filter((url) => schemeOf(url) !== undefined);
}

/** A model's name as it is, the path of a manifest from the root. */
export function absoluteModelName(name: string, baseFolder: string): string {
  // The model's loader says that a URL is none.
  return isManifestPath(name) && !name.includes('://') ? resolve(baseFolder, name) : name;
}

/** As the model's loader has it: a name with a slash, or that ends in `.json`, is a path. */
export function isManifestPath(name: string): boolean {
  return /[/\\]|\.json$/.test(name);
}

function withAbsolutePaths(config: Config, baseFolder: string): Config {
  const absolute = (path: string) => resolve(baseFolder, path);
  const { model, cameras, events, bridges, snapshots } = config;
  const store = snapshots?.store;
  return {
    ...config,
    model: { ...model, name: absoluteModelName(model.name, baseFolder) },
    cameras: Object.fromEntries(
      Object.entries(cameras).map(([id, camera]) => [
        id,
        {
          ...camera,
          url: absoluteLocation(camera.url, baseFolder),
          ...(camera.viewUrl !== undefined && { viewUrl: absoluteLocation(camera.viewUrl, baseFolder) }),
          ...(camera.annotate !== undefined && { annotate: absolute(camera.annotate) }),
        },
      ]),
    ),
    events: events.map((sink) => {
      if (sink.type === 'jsonl') return sink.path === '-' ? sink : { ...sink, path: absolute(sink.path) };
      const { spool } = sink;
      if (spool === false || spool.path === undefined) return sink;
      return { ...sink, spool: { ...spool, path: absolute(spool.path) } };
    }),
    bridges: Object.fromEntries(
      Object.entries(bridges).map(([name, bridge]): [string, BridgeConfig] => {
        if (bridge.type === 'jsonl') return [name, { ...bridge, path: absolute(bridge.path) }];
        if (bridge.type !== 'mqtt' || bridge.caFile === undefined) return [name, bridge];
        return [name, { ...bridge, caFile: absolute(bridge.caFile) }];
      }),
    ),
    ...(store?.type === 'directory' && {
      snapshots: { ...snapshots!, store: { ...store, path: absolute(store.path) } },
    }),
  };
}

/** The path of a camera's file or folder from the root; any other URL as it is. */
export function absoluteLocation(url: string, baseFolder: string): string {
  if (schemeOf(url) === 'sdp') return `sdp:${resolve(baseFolder, url.slice('sdp:'.length))}`;
  if (schemeOf(url) !== undefined) return filePathOf(url) ?? url;
  const path = resolve(baseFolder, url);
  // The slash at its end is what makes it a folder.
  return /[/\\]$/.test(url) && !/[/\\]$/.test(path) ? `${path}/` : path;
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}
