import { listModels, loadManifest } from '../../models/efficientvit/manifest';
import type { Manifest } from '../../models/efficientvit/manifest';
import { UsageError } from './usage';

/** The manifest of a bundled model or of a path; undefined for a bare name that is not among the bundled ones. */
export async function findModel(name: string): Promise<Manifest | undefined> {
  if (isBareName(name) && !(await listModels()).includes(name)) return undefined;
  return loadManifest(name);
}

/** The manifest of a bundled model or of a path. Throws a UsageError for a name that is neither. */
export async function loadModel(name: string): Promise<Manifest> {
  const manifest = await findModel(name);
  if (manifest !== undefined) return manifest;
  const expected = `${(await listModels()).join(', ')} or the path of a manifest`;
  throw new UsageError(`model: expected ${expected}, got ${JSON.stringify(name)}`);
}

const isBareName = (name: string) => /^[\w-]+$/.test(name);
