import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../models/support/package-root';

const readme = readFileSync(join(packageRoot, 'README.md'), 'utf8');
const { scripts } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

describe('README.md', () => {
  it('names only scripts, files and flags that exist', () => {
    for (const [, script] of readme.matchAll(/npm run ([\w:]+)/g))
      expect(Object.keys(scripts)).toContain(script);
    for (const [, path] of readme.matchAll(/\]\(([\w./-]+)\)/g))
      expect([path, existsSync(join(packageRoot, path!))]).toEqual([path, true]);
    const help = execFileSync(
      process.execPath,
      [join(packageRoot, 'dist/pipeline/cli/main.js'), 'run', '--help'],
      { encoding: 'utf8' },
    );
    for (const [, flag] of readme.matchAll(/^\| `(--[\w-]+)/gm)) expect(help).toContain(flag);
  });
});
