import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { expectedCameraUrl, inputPlace } from '../../config/camera-input';
import { checkAgainstModel } from '../../config/check-against-model';
import { formatFault, formatPath, inOrder } from '../../config/config-error';
import type { ConfigFault, ConfigPath } from '../../config/config-error';
import type { ConfigText } from '../../config/config-text';
import { faultsAt } from '../../config/issue-faults';
import { readConfig } from '../../config/load';
import { keysOf, schemaAt, valueAt } from '../../config/schema-tree';
import { absoluteLocation, absoluteModelName, isManifestPath } from '../../config/validate';
import type { CheckedConfig } from '../../config/validate';
import { toPipelineError } from '../../models/domain/errors';
import { createRedactor, redactUrl } from '../../models/domain/redact';
import { listModels, loadManifest, verifyWeights } from '../../models/efficientvit/manifest';
import { checkInput } from '../inputs';
import { checkOutputPaths } from './output-paths';
import { EXIT, UsageError } from './usage';

/** `sightline validate`: every fault of a configuration with its path and line; exit code 1 when there is one. */
export function addValidateCommand(program: Command): void {
  program
    .command('validate')
    .description('check a configuration file and list every fault')
    .argument('<config>', 'the YAML file')
    .action(async (path: string) => {
      const faults = await findConfigFaults(path);
      if (faults.length === 0) {
        process.stdout.write(`${path}: no faults\n`);
        return;
      }
      // Where a file is expected, people also paste the URL of a camera.
      for (const fault of faults) process.stdout.write(`${formatFault(fault, redactUrl(path))}\n`);
      process.exitCode = EXIT.failed;
    });
}

/**
 * Everything wrong with a configuration file, in its order: what its text says, and what a run with it would fail on at once
 * (model, labels, files). Each part is checked as far as it can be read, whatever is wrong with the others. Does not reject for
 * any file.
 */
export async function findConfigFaults(
  path: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<readonly ConfigFault[]> {
  const checked = readConfig(path, env);
  if (checked.text.value === undefined) return checked.faults;
  const { cameras, events } = pathsIn(checked.text);
  const found = await Promise.all([
    modelFaults(checked),
    ...cameras.flatMap((camera) => ['url', 'viewUrl'].map((key) => inputFaults([...camera, key], checked))),
    ...cameras.map((camera) => outputFaults([...camera, 'annotate'], checked, { isFolderMade: true })),
    ...events.map((sink) => outputFaults([...sink, 'path'], checked, { isFolderMade: false })),
    folderFaults(['snapshots', 'store', 'path'], checked),
  ]);
  return inOrder([...checked.faults, ...found.flat(), ...linkFaults(checked)]);
}

function pathsIn({ value }: ConfigText) {
  const events = valueAt(value, ['events']);
  return {
    cameras: keysOf(valueAt(value, ['cameras'])).map((id) => ['cameras', id]),
    events: Array.isArray(events) ? events.map((_sink, index) => ['events', index]) : [],
  };
}

/** The text at a path; undefined where there is none, or none that can be read. */
function textAt(path: ConfigPath, { value, isUnread }: ConfigText): string | undefined {
  const text = valueAt(value, path);
  return typeof text !== 'string' || text === '' || text.includes('\0') || isUnread(path) ? undefined : text;
}

async function modelFaults({ text, baseFolder }: CheckedConfig): Promise<ConfigFault[]> {
  const path = ['model', 'name'];
  const isWritten = valueAt(text.value, path) !== undefined;
  const name = isWritten ? textAt(path, text) : schemaAt(path, text.value)?.default;
  if (typeof name !== 'string') return [];
  if (!isManifestPath(name)) {
    const names = await listModels();
    if (!names.includes(name))
      return faultsAt(path, [...names, 'the path of a manifest'].join(' or '), text, names);
  }
  try {
    const manifest = await loadManifest(absoluteModelName(name, baseFolder));
    const labels = checkAgainstModel({ ...text, config: text.value }, manifest.labels);
    const weights = await verifyWeights(manifest).then(
      () => [],
      (error: unknown) => [faultOf(error, path, text)],
    );
    return [...labels, ...weights];
  } catch (error) {
    return [faultOf(error, path, text)];
  }
}

async function inputFaults(path: ConfigPath, { text, baseFolder }: CheckedConfig): Promise<ConfigFault[]> {
  const url = textAt(path, text);
  if (url === undefined || expectedCameraUrl(url) !== undefined) return [];
  const place = inputPlace(absoluteLocation(url, baseFolder));
  // What was filled in may be secret.
  const displayName = text.templateAt(path) ?? createRedactor(text.secrets)(place.location);
  return checkInput({ ...place, displayName }).then(
    () => [],
    (error: unknown) => [faultOf(error, path, text)],
  );
}

async function outputFaults(
  path: ConfigPath,
  { text, baseFolder }: CheckedConfig,
  { isFolderMade }: { readonly isFolderMade: boolean },
): Promise<ConfigFault[]> {
  const target = textAt(path, text);
  if (target === undefined || target === '-') return [];
  const file = resolve(baseFolder, target);
  const [entry, folder] = await Promise.all(
    [file, dirname(file)].map((it) => stat(it).catch(() => undefined)),
  );
  if (entry?.isDirectory()) return faultsAt(path, 'the path of a file, not of a folder', text);
  if (folder === undefined && isFolderMade) return [];
  if (!folder?.isDirectory()) return faultsAt(path, 'a file in a folder that exists', text);
  const isWritable = await access(entry === undefined ? dirname(file) : file, constants.W_OK).then(
    () => true,
    () => false,
  );
  return isWritable ? [] : faultsAt(path, 'a file that may be written', text);
}

/** A folder that is made when it is not there. */
async function folderFaults(path: ConfigPath, { text, baseFolder }: CheckedConfig): Promise<ConfigFault[]> {
  const target = textAt(path, text);
  if (target === undefined) return [];
  const folder = resolve(baseFolder, target);
  const entry = await stat(folder).catch(() => undefined);
  if (entry === undefined) return [];
  if (!entry.isDirectory()) return faultsAt(path, 'the path of a folder, not of a file', text);
  const isWritable = await access(folder, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  return isWritable ? [] : faultsAt(path, 'a folder that may be written', text);
}

/** Files that are the same by a link; the text does not tell. */
function linkFaults({ loaded }: CheckedConfig): ConfigFault[] {
  try {
    if (loaded !== undefined) checkOutputPaths(loaded.config);
    return [];
  } catch (error) {
    if (error instanceof UsageError) return [{ path: '', message: error.message }];
    throw error;
  }
}

function faultOf(error: unknown, path: ConfigPath, { locate, secrets }: ConfigText): ConfigFault {
  const message = createRedactor(secrets)(toPipelineError(error).detail);
  return { path: formatPath(path), ...locate(path), message };
}
