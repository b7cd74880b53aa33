import { dirname, resolve } from 'node:path';
import { credentialsOf } from '../models/domain/redact';
import { filePathOf, schemeOf } from './camera-input';
import { ConfigError } from './config-error';
import type { ConfigFault, ConfigPath, TextPosition } from './config-error';
import type { ConfigText } from './config-text';
import { crossCheck } from './cross-checks';
import { toFaults } from './issue-faults';
import { configSchema } from './schema';
import type { Config } from './schema';

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

/** Checks a configuration that was read; throws a ConfigError with every fault. */
export function validateConfig(text: ConfigText, { fileName, baseFolder }: ValidateOptions): LoadedConfig {
  // A text that could not be filled in was reported; what it is not cannot be blamed as well.
  const reported = new Set(text.faults.map(({ path }) => path));
  const isUnreadable = text.value === undefined && text.faults.length > 0;
  const parsed = configSchema.safeParse(text.value);
  const found = isUnreadable ? [] : [...toFaults(parsed.error?.issues ?? [], text), ...crossCheck(text)];
  const faults = distinct([...text.faults, ...found.filter(({ path }) => !reported.has(path))]);
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults, fileName);
  const config = freeze(withAbsolutePaths(parsed.data, baseFolder));
  return {
    config,
    secrets: [...new Set([...text.secrets, ...urlsOf(config).flatMap(credentialsOf)])].filter(
      (secret) => secret !== '',
    ),
    locate: text.locate,
    ...(fileName !== undefined && { fileName }),
  };
}

/** A number can fail two checks and be told of in the same words. */
function distinct(faults: readonly ConfigFault[]): readonly ConfigFault[] {
  return [...new Map(faults.map((fault) => [JSON.stringify(fault), fault])).values()];
}

/** Folder in which the relative paths of a configuration file start. */
export function baseFolderOf(fileName: string): string {
  return dirname(resolve(fileName));
}

function urlsOf({ cameras, events }: Config): readonly string[] {
  return [
    ...Object.values(cameras).map(({ url }) => url),
    ...events.flatMap((sink) => (sink.type === 'redis' ? [sink.url] : [])),
  ].filter((url) => schemeOf(url) !== undefined);
}

function withAbsolutePaths(config: Config, baseFolder: string): Config {
  const absolute = (path: string) => resolve(baseFolder, path);
  const { model, cameras, events } = config;
  const isManifestPath = /[/\\]|\.json$/.test(model.name);
  return {
    ...config,
    model: isManifestPath ? { ...model, name: absolute(model.name) } : model,
    cameras: Object.fromEntries(
      Object.entries(cameras).map(([id, camera]) => [
        id,
        {
          ...camera,
          url:
            schemeOf(camera.url) === undefined
              ? absolute(camera.url)
              : (filePathOf(camera.url) ?? camera.url),
          ...(camera.annotate !== undefined && { annotate: absolute(camera.annotate) }),
        },
      ]),
    ),
    events: events.map((sink) =>
      sink.type === 'jsonl' && sink.path !== '-' ? { ...sink, path: absolute(sink.path) } : sink,
    ),
  };
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}
