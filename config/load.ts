import { closeSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { isNativeError } from 'node:util/types';
import type { ConfigFault } from './config-error';
import { readConfigText, unreadableText } from './config-text';
import type { TemplateSources } from './template';
import { baseFolderOf, checkConfig, loadedOf } from './validate';
import type { CheckedConfig, LoadedConfig } from './validate';

const MAX_CONFIG_BYTES = 1024 * 1024;
const MAX_SECRET_BYTES = 64 * 1024;

type Env = TemplateSources['env'];

/**
 * Reads and checks a configuration file. Throws a ConfigError that lists every fault with path, line and column; no secret
 * stands in it.
 */
export function loadConfig(path: string, env: Env = process.env): LoadedConfig {
  return loadedOf(readConfig(path, env));
}

/** Reads a configuration file as far as that is possible. Does not throw, whatever the file is. */
export function readConfig(path: string, env: Env = process.env): CheckedConfig {
  let text: string;
  try {
    text = readText(path, MAX_CONFIG_BYTES);
  } catch (error) {
    const message = `expected a configuration file, got ${error instanceof Error ? error.message : 'none'}`;
    return unreadable(path, { path: '', message });
  }
  return checkText(text, { path, env });
}

export interface ParseConfigOptions {
  /** Name of the file: relative paths start at its folder. */
  readonly path: string;
  readonly env: Env;
  /** Reads the file of a `${file:…}`; throws an Error that says why it cannot. Default: from the disk. */
  readonly readSecret?: (absolutePath: string) => string;
}

/** Checks the text of a configuration file; as `loadConfig`. */
export function parseConfig(text: string, options: ParseConfigOptions): LoadedConfig {
  return loadedOf(checkText(text, options));
}

function checkText(
  text: string,
  { path, env, readSecret = readSecretFile }: ParseConfigOptions,
): CheckedConfig {
  if (text.trim() === '') {
    const message = 'expected at least one camera, got an empty file';
    return unreadable(path, { path: '', line: 1, column: 1, message });
  }
  const baseFolder = baseFolderOf(path);
  const read = (secretPath: string) => readSecret(resolve(baseFolder, secretPath));
  return checkConfig(readConfigText(text, { env, readSecret: read }), { fileName: path, baseFolder });
}

function unreadable(path: string, fault: ConfigFault): CheckedConfig {
  return checkConfig(unreadableText([fault]), { fileName: path, baseFolder: baseFolderOf(path) });
}

/**
 * The content of a secret's file without the line break that editors and `echo` put at its end. Throws an Error that says
 * why there is none.
 */
export function readSecretFile(path: string): string {
  const secret = readText(path, MAX_SECRET_BYTES).replace(/\r?\n$/, '');
  if (secret === '') throw new Error('an empty file');
  return secret;
}

/** A small text file; may be a pipe. Throws an Error that says what there was instead. */
function readText(path: string, maxBytes: number): string {
  const bytes = readBounded(path, maxBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error('text that is not UTF-8');
  }
}

function readBounded(path: string, maxBytes: number): Uint8Array {
  const buffer = Buffer.alloc(maxBytes + 1);
  let length = 0;
  try {
    const file = openSync(path, 'r');
    try {
      for (let count = -1; count !== 0 && length < buffer.length; length += count) {
        count = readSync(file, buffer, length, buffer.length - length, null);
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new Error(reasonOf(error), { cause: error });
  }
  if (length > maxBytes) throw new Error(`more than ${maxBytes / 1024} KiB`);
  return buffer.subarray(0, length);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'a folder',
  EACCES: 'a file that may not be read',
  ENOTDIR: 'no such file',
};

function reasonOf(error: unknown): string {
  const code = isNativeError(error) && 'code' in error ? String(error.code) : 'an unknown fault';
  return REASONS[code] ?? code;
}
