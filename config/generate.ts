import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventJsonSchema } from '../models/domain/event';
import { packageRoot } from '../models/support/package-root';
import { configJsonSchema } from './json-schema';
import { configReference } from './reference';

/** The files that are made from code, by path within the package. */
export function generatedFiles(): Readonly<Record<string, string>> {
  const toText = (schema: unknown) => `${JSON.stringify(schema, null, 2)}\n`;
  return {
    'config/sightline.schema.json': toText(configJsonSchema()),
    'config/reference.md': configReference(),
    'models/domain/event.schema.json': toText(eventJsonSchema()),
  };
}

/** `npx tsx config/generate.ts` writes the files; with `--check` it exits 1 with one line if any is not up to date. */
function main(args: readonly string[]): void {
  const stale = Object.entries(generatedFiles()).filter(([path, text]) => {
    const file = join(packageRoot, path);
    return !existsSync(file) || readFileSync(file, 'utf8') !== text;
  });
  if (!args.includes('--check')) {
    for (const [path, text] of stale) writeFileSync(join(packageRoot, path), text);
  } else if (stale.length > 0) {
    const paths = stale.map(([path]) => path).join(', ');
    process.stderr.write(
      `${paths}: expected what the code says, got an older text; run: npx tsx config/generate.ts\n`,
    );
    process.exitCode = 1;
  }
}

if (require.main === module) main(process.argv.slice(2));
