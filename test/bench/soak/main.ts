import { soak } from './soak';
import type { Sample } from './soak';
import { table } from '../table';

/** `npm run soak [-- SECONDS [SEED]]`: eight cameras that misbehave for ten minutes, unless told otherwise. */
async function main([seconds = '600', seed = String(Date.now() % 1e6)]: readonly string[]): Promise<void> {
  const options = { seconds: Number(seconds), cameras: 8, framesPerSecond: 5, seed: Number(seed) };
  console.log(
    `soak: ${options.cameras} cameras at ${options.framesPerSecond} fps for ${seconds} s, seed ${seed}`,
  );
  const result = await soak({ ...options, say: (line) => console.log(`soak: ${line}`) });
  const { faults, samples, before, after, ledgers, unbalancedTracks, repeatedStates } = result;
  console.log(
    table([['fault', 'times'], ...Object.entries(faults).map(([name, count]) => [name, String(count)])]),
  );
  const parts = [1, 2, 3, 4].map((part) =>
    samples.slice(((part - 1) * samples.length) / 4, (part * samples.length) / 4),
  );
  const mib = (part: readonly Sample[]) =>
    Math.max(...part.map(({ residentBytes }) => residentBytes)) / 2 ** 20;
  console.log(
    table([
      ['quarter', 'most memory of main, MiB', 'most descriptors'],
      ...parts.map((part, index) => [
        ...[String(index + 1), mib(part).toFixed(0)],
        String(Math.max(...part.map(({ descriptors }) => descriptors))),
      ]),
    ]),
  );
  console.log(`steady before and after: ${JSON.stringify(before)}, ${JSON.stringify(after)}`);
  console.log(
    `frames received: ${ledgers.reduce((sum, { received }) => sum + received, 0)}, lost track of: ${ledgers.reduce((sum, { received, settled }) => sum + Math.abs(received - settled), 0)}`,
  );
  console.log(
    `tracks out of balance: ${unbalancedTracks.length}; states told twice: ${repeatedStates.length}`,
  );
  console.log(`exit code ${result.exitCode}, processes left ${result.leftProcesses}`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
