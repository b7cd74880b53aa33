import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedFiles } from '../../config/generate';
import { packageRoot } from '../../models/support/package-root';

describe('the generated files', () => {
  it.each(Object.entries(generatedFiles()))('%s is what the code says', (path, text) => {
    expect(readFileSync(join(packageRoot, path), 'utf8')).toBe(text);
  });

  it('describe every key of the configuration', () => {
    const reference = generatedFiles()['config/reference.md'] ?? '';
    for (const line of reference.split('\n').filter((some) => some.startsWith('| `'))) {
      expect(line).toMatch(/ \| [^|]+\.? \|$/);
    }
    expect(reference).toContain('| `maxFps` | a number above 0 and at most 240 | `10` |');
  });

  it('pass the check of the command line', () => {
    const check = ['--require', 'tsx/cjs', join(packageRoot, 'config/generate.ts'), '--check'];
    expect(execFileSync(process.execPath, check, { encoding: 'utf8' })).toBe('');
  });
});
