import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS } from '../models/domain/errors';
import { packageRoot } from '../models/support/package-root';

const text = readFileSync(join(packageRoot, 'ARCHITECTURE.md'), 'utf8');

describe('ARCHITECTURE.md', () => {
  it('lists every error code and no other, and says of each whether it is tried again', () => {
    const table = text.slice(text.indexOf('| code |'));
    const rows = [...table.matchAll(/^\| (\w+) \| [^|]+ \| (yes|no)/gm)].map(([, code, retry]) => [
      code,
      retry === 'yes',
    ]);
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(Object.entries(ERRORS).map(([code, { isRetryable }]) => [code, isRetryable])),
    );
  });

  it('names only files that exist', () => {
    const paths = [...text.matchAll(/`((?:models|config|operators|workers|pipeline)\/[\w/.-]+\.ts)`/g)];
    for (const [, path] of paths) expect(() => readFileSync(join(packageRoot, path!))).not.toThrow();
  });
});
