import { listModels, loadManifest } from '../../models/efficientvit/manifest';
import type { Manifest } from '../../models/efficientvit/manifest';
import { UsageError } from './usage';

/** The manifest of a bundled model or of a path. Throws a UsageError for a name that is neither. */
export async function loadModel(name: string): Promise<Manifest> {
  const isName = /^[\w-]+$/.test(name);
  const known = isName ? await listModels() : [];
  if (isName && !known.includes(name)) {
    const expected = `${known.join(', ')} or the path of a manifest`;
    throw new UsageError(`model: expected ${expected}, got ${JSON.stringify(name)}`);
  }
  return loadManifest(name);
}
