import { benchAnalysis } from './analysis';
import { benchCameras } from './cameras';
import { benchLatency } from './latency';
import { benchMotion } from './motion';
import { benchQueue } from './queue';

/** `npm run bench [-- NAME …]`: all benches, or those named. They print; nothing gates on them. */
const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  analysis: benchAnalysis,
  motion: benchMotion,
  queue: benchQueue,
  latency: benchLatency,
  cameras: benchCameras,
};

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.find((name) => !(name in BENCHES));
  if (unknown !== undefined) {
    throw new RangeError(`bench: expected some of ${Object.keys(BENCHES).join(', ')}, got ${unknown}`);
  }
  for (const name of names.length > 0 ? names : Object.keys(BENCHES)) await BENCHES[name]!();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
