import { benchAnalysis } from './analysis';
import { benchCameras } from './cameras';
import { benchEvents } from './events';
import { benchLatency } from './latency';
import { benchMot } from './mot';
import { benchMotion } from './motion';
import { benchQueue } from './queue';

/** `npm run bench [-- NAME … [--flag value …]]`: all benches, or those named. They print; nothing gates on them. */
const BENCHES: Readonly<Record<string, (flags: readonly string[]) => Promise<void>>> = {
  analysis: benchAnalysis,
  motion: benchMotion,
  queue: benchQueue,
  latency: benchLatency,
  cameras: benchCameras,
  mot: benchMot,
  events: benchEvents,
};

async function main(given: readonly string[]): Promise<void> {
  if (given.includes('--help') || given.includes('-h')) {
    console.log(`npm run bench [-- NAME … [--flag value …]]; NAME: ${Object.keys(BENCHES).join(', ')}`);
    return;
  }
  const flagsAt = given.findIndex((word) => word.startsWith('--'));
  const names = flagsAt < 0 ? given : given.slice(0, flagsAt);
  const flags = flagsAt < 0 ? [] : given.slice(flagsAt);
  const unknown = names.find((name) => !Object.hasOwn(BENCHES, name));
  if (unknown !== undefined) {
    throw new RangeError(`bench: expected some of ${Object.keys(BENCHES).join(', ')}, got ${unknown}`);
  }
  for (const name of names.length > 0 ? names : Object.keys(BENCHES)) await BENCHES[name]!(flags);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
