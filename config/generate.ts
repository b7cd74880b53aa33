import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageRoot } from '../models/support/package-root';
import { brokenPromises, contractFiles } from './contract/files';
import { configJsonSchema } from './json-schema';
import { configReference } from './reference';

/** The files that are made from code, by path within the package. */
export function generatedFiles(): Readonly<Record<string, string>> {
  return {
    'config/sightline.schema.json': `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
    'config/reference.md': configReference(),
    ...contractFiles(),
  };
}

/**
 * `npx tsx config/generate.ts` writes the files; with `--check` it exits 1 with one line if any is not up to date. Either way a
 * contract that breaks readers of its major version is refused.
 */
function main(args: readonly string[]): void {
  const broken = brokenPromises();
  if (broken.length > 0) {
    const what = `${broken.join('\n')}\n`;
    process.stderr.write(
      `${what}These break readers of the events: undo them, or raise EVENT_CONTRACT_VERSION (models/domain/event.ts).\n`,
    );
    process.exitCode = 1;
    return;
  }
  const stale = Object.entries(generatedFiles()).filter(([path, text]) => {
    const file = join(packageRoot, path);
    return !existsSync(file) || readFileSync(file, 'utf8') !== text;
  });
  if (!args.includes('--check')) {
    for (const [path, text] of stale) {
      mkdirSync(dirname(join(packageRoot, path)), { recursive: true });
      writeFileSync(join(packageRoot, path), text);
    }
  } else if (stale.length > 0) {
    const paths = stale.map(([path]) => path).join(', ');
    process.stderr.write(
      `${paths}: expected what the code says, got an older text; run: npx tsx config/generate.ts\n`,
    );
    process.exitCode = 1;
  }
}

if (require.main === module) main(process.argv.slice(2));
