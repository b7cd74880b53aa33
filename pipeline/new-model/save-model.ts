import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
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
  await refuseTaken(place, force);
  return place;
}

async function refuseTaken({ manifestPath, copyTo }: ModelPlace, force: boolean): Promise<void> {
  for (const path of [manifestPath, copyTo]) {
    const entry = path === undefined ? undefined : await stat(path).catch(() => undefined);
    if (entry !== undefined && !(force && entry.isFile()))
      throw new PipelineError('sink', `${path}: expected no such file (--force replaces it), got one`);
  }
}

/**
 * Writes a manifest whose `file` is the path of the weights; both files are made beside their places, which they take once they are
 * whole. Rejects with PipelineError `sink`, and then leaves nothing half, nor takes anything away.
 */
export async function saveModel(manifest: Manifest, place: ModelPlace, force: boolean): Promise<void> {
  const { manifestPath, copyTo } = place;
  const partials: string[] = [];
  const partialOf = (path: string) => {
    const partial = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.part`);
    partials.push(partial);
    return partial;
  };
  try {
    await mkdir(dirname(manifestPath), { recursive: true });
    const weights = copyTo === undefined ? undefined : partialOf(copyTo);
    if (weights !== undefined) await copyFile(manifest.file, weights);
    const file = basename(copyTo ?? manifest.file);
    const text = partialOf(manifestPath);
    await writeFile(text, `${JSON.stringify({ ...manifest, file }, null, 2)}\n`, { flag: 'wx' });
    // Something may have come there meanwhile, and `rename` replaces it.
    await refuseTaken(place, force);
    if (weights !== undefined) await rename(weights, copyTo!);
    await rename(text, manifestPath);
  } catch (cause) {
    if (cause instanceof PipelineError) throw cause;
    throw new PipelineError('sink', `${manifestPath}: expected to write it, got ${toError(cause).message}`, {
      cause,
    });
  } finally {
    for (const partial of partials) await rm(partial, { force: true });
  }
}

/** A path as it can be given to a command, with a folder, so that it is taken for no name of a bundled model. */
export function pathForCommand(path: string): string {
  const short = relative(process.cwd(), resolve(path));
  const shown = short.startsWith('..') ? resolve(path) : `./${short}`;
  return /^[\w./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", String.raw`'\''`)}'`;
}
