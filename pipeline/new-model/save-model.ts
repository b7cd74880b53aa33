import { constants } from 'node:fs';
import { copyFile, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { PipelineError, toError } from '../../models/domain/errors';
import type { Manifest } from '../../models/efficientvit/manifest';

/** Where a manifest and its weights go. */
export interface ModelPlace {
  readonly manifestPath: string;
  /** Undefined: the manifest lies beside the weights that there are. */
  readonly copyTo: string | undefined;
}

/**
 * Beside the weights, or in a folder with a copy of them. Rejects with PipelineError `sink` when something is there already, unless
 * it may be replaced.
 */
export async function placeOfModel(
  weights: string,
  name: string,
  { output, force }: { readonly output?: string; readonly force: boolean },
): Promise<ModelPlace> {
  const folder = output ?? dirname(weights);
  const isBeside = resolve(folder) === resolve(dirname(weights));
  const place = {
    manifestPath: join(folder, `${name}.manifest.json`),
    copyTo: isBeside ? undefined : join(folder, `${name}.onnx`),
  };
  for (const path of [place.manifestPath, place.copyTo]) {
    const entry = path === undefined ? undefined : await stat(path).catch(() => undefined);
    if (entry !== undefined && !(force && entry.isFile()))
      throw new PipelineError('sink', `${path}: expected no such file (--force replaces it), got one`);
  }
  return place;
}

/** Writes a manifest whose `file` is the path of the weights. Rejects with PipelineError `sink`, and then leaves nothing half. */
export async function saveModel(manifest: Manifest, place: ModelPlace, force: boolean): Promise<void> {
  const { manifestPath, copyTo } = place;
  const written: string[] = [];
  try {
    await mkdir(dirname(manifestPath), { recursive: true });
    if (copyTo !== undefined) {
      await copyFile(manifest.file, copyTo, force ? 0 : constants.COPYFILE_EXCL);
      written.push(copyTo);
    }
    const file = basename(copyTo ?? manifest.file);
    const text = `${JSON.stringify({ ...manifest, file }, null, 2)}\n`;
    await writeFile(manifestPath, text, { flag: force ? 'w' : 'wx' });
  } catch (cause) {
    for (const path of written) await rm(path, { force: true });
    throw new PipelineError('sink', `${manifestPath}: expected to write it, got ${toError(cause).message}`, {
      cause,
    });
  }
}

/** A path as it can be given to a command, with a folder, so that it is taken for no name of a bundled model. */
export function pathForCommand(path: string): string {
  const short = relative(process.cwd(), resolve(path));
  const shown = short.startsWith('..') ? resolve(path) : `./${short}`;
  return /^[\w./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", String.raw`'\''`)}'`;
}
