import { plainText } from './config-text';
import type { ConfigInput } from './schema';
import { checkConfig, loadedOf } from './validate';
import type { LoadedConfig } from './validate';

/**
 * Builds a configuration from plain values, such as the flags of a command line, through the same schema as a file.
 * Relative paths start at `baseFolder`; nothing is filled in. Throws a ConfigError, without lines.
 */
export function defineConfig(input: ConfigInput, baseFolder: string = process.cwd()): LoadedConfig {
  return loadedOf(checkConfig(plainText(withoutUndefined(input)), { baseFolder }));
}

/** A flag that was not given is a key that was not written. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      inner === undefined ? [] : [[key, withoutUndefined(inner)]],
    ),
  );
}
