/**
 * A program that holds a pool, for tests that kill it: `pool-parent <manifest> <exit | stay>`. Prints one JSON line
 * `{pids, ring}` once its first batch is in work.
 */
import { loadManifest } from '../../../models/efficientvit/manifest';
import { createLocalDetectPort } from '../../../workers/local/local-detect-port';
import { detectAll, poolOptions, recorded, scratchOf } from './pool-fixture';

async function main([manifestPath = '', then = 'stay']: readonly string[]): Promise<void> {
  const manifest = await loadManifest(manifestPath);
  const port = await createLocalDetectPort(poolOptions({ manifest, processes: 2 }).options);
  void detectAll(port.open(recorded), 4);
  await Promise.resolve();
  const pids = port.stats().processes.map(({ pid }) => pid);
  process.stdout.write(`${JSON.stringify({ pids, scratch: scratchOf() })}\n`, () => {
    if (then === 'exit') process.exit(0);
  });
}

void main(process.argv.slice(2));
