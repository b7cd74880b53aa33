import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of this package's package.json: the same for sources, the compiled `dist/` and an installed package. */
export const packageRoot: string = findPackageRoot(__dirname);

function findPackageRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) throw new Error(`package.json: expected one above ${from}, found none`);
  }
}
