import { createHash } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { z } from 'zod';
import type { DetectorInfo } from '../domain/detect-port';
import { PipelineError, toError } from '../domain/errors';
import { credentialsIn, hideCredentials } from '../domain/redact';
import { packageRoot } from '../support/package-root';
import { fingerprintOf } from './fingerprint';
import { manifestSchema } from './manifest-schema';
import type { Manifest } from './manifest-schema';

export { manifestSchema } from './manifest-schema';
export type { Manifest } from './manifest-schema';

const SUFFIX = '.manifest.json';
const GRAPH_GIVEN =
  'expected a manifest (NAME.manifest.json, which `sightline models add` makes), got the graph that it would describe';
const bundled = join(packageRoot, 'models', 'efficientvit', 'weights');

/** Names of the bundled models, sorted. */
export async function listModels(): Promise<readonly string[]> {
  // A package without its weights still takes the path of a manifest.
  const files = await readdir(bundled).catch((): string[] => []);
  return files
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort();
}

/**
 * Reads and checks a manifest; the weights are left for `verifyWeights`. A bare name is a bundled model, anything with a
 * slash or ending in `.json` the path of a manifest. In the result `file` is absolute.
 *
 * Rejects with PipelineError `model`: an unknown name (with those there are), an unreadable file, or all faults found.
 */
export async function loadManifest(nameOrPath: string): Promise<Manifest> {
  if (/\.onnx$/i.test(nameOrPath)) throw new PipelineError('model', `${nameOrPath}: ${GRAPH_GIVEN}`);
  refuseUrl(nameOrPath, 'the name of a model or the path of a manifest');
  const isPath = /[/\\]|\.json$/.test(nameOrPath);
  const path = isPath ? resolve(nameOrPath) : await pathOfBundled(nameOrPath);
  const content = await readJson(path);
  const parsed = manifestSchema.safeParse(content);
  if (!parsed.success) throw new PipelineError('model', `${path}: ${describeFaults(parsed.error)}`);
  refuseUrl(parsed.data.file, 'the path of weights', `${path}: file: `);
  return { ...parsed.data, file: resolve(dirname(path), parsed.data.file) };
}

/** A path made of a URL would say its password, and that nothing is there. */
function refuseUrl(text: string, expected: string, where = ''): void {
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(text) && credentialsIn(text).length === 0) return;
  throw new PipelineError('model', `${where}expected ${expected}, got the URL ${hideCredentials(text)}`);
}

async function pathOfBundled(name: string): Promise<string> {
  const names = await listModels();
  if (names.includes(name)) return join(bundled, `${name}${SUFFIX}`);
  throw new PipelineError(
    'model',
    `expected ${[...names, 'the path of a manifest'].join(' or ')}, got ${JSON.stringify(name)}`,
  );
}

async function readWhole(path: string): Promise<Buffer> {
  // Of a pipe nobody may ever write anything.
  if (!(await stat(path)).isFile()) throw new Error('no file');
  return readFile(path);
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse((await readWhole(path)).toString('utf8'));
  } catch (cause) {
    throw new PipelineError('model', `${path}: expected a manifest, got ${toError(cause).message}`, {
      cause,
    });
  }
}

function describeFaults({ issues }: z.ZodError): string {
  return issues
    .map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
    .join('; ');
}

/**
 * Reads the weights and gives back their bytes, so that what was checked is what gets loaded. Rejects with PipelineError
 * `model` when the file cannot be read or its SHA-256 is not the manifest's, naming both.
 */
export async function verifyWeights({ file, sha256 }: Manifest): Promise<Uint8Array> {
  const bytes = await readWhole(file).catch((cause: unknown) => {
    throw new PipelineError('model', `${file}: expected weights, got ${toError(cause).message}`, { cause });
  });
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual === sha256) return bytes;
  throw new PipelineError(
    'model',
    `${file}: expected sha256 ${sha256}, got ${actual} (${bytes.length} bytes)`,
  );
}

/** What a pipeline needs to know of the model; no weights. */
export function toDetectorInfo(manifest: Manifest): DetectorInfo {
  const { name, sha256, input, labels, thresholds } = manifest;
  return {
    name,
    sha256,
    fingerprint: fingerprintOf(manifest),
    input: { width: input.width, height: input.height },
    labels,
    defaultMinScore: thresholds.score,
  };
}
