import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A fresh folder for the calling test file or `describe`, removed after its last test. Call it outside of tests. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
