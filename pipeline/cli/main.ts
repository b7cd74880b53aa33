#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../../models/support/package-version';
import { hideTyped } from './hide-typed';
import { printableLines } from './printable';
import { EXIT, describeError, exitCodeOf } from './usage';

/** What adds each command, in the order of the help; loaded when it is needed, since all of them together take a while. */
const COMMANDS: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  run: async () => (await import('./run.js')).addRunCommand,
  ingest: async () => (await import('./ingest.js')).addIngestCommand,
  worker: async () => (await import('./worker.js')).addWorkerCommand,
  detect: async () => (await import('./detect.js')).addDetectCommand,
  evaluate: async () => (await import('./evaluate.js')).addEvaluateCommand,
  'benchmark-model': async () => (await import('./benchmark-model.js')).addBenchmarkModelCommand,
  probe: async () => (await import('./probe.js')).addProbeCommand,
  zones: async () => (await import('./zones.js')).addZonesCommand,
  models: async () => (await import('./models.js')).addModelsCommand,
  events: async () => (await import('./events.js')).addEventsCommand,
  bridge: async () => (await import('./bridge.js')).addBridgeCommand,
  validate: async () => (await import('./validate.js')).addValidateCommand,
  schema: async () => (await import('./schema.js')).addSchemaCommand,
};

/** The command line with the commands that `asked` may mean; each command sets `process.exitCode` or throws. */
async function createProgram(asked: string | undefined): Promise<Command> {
  const program = new Command('sightline')
    .description('Camera URLs in, a trustworthy stream of events out.')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(hideTyped(printableLines(text))) });
  for (const name of namesFor(asked)) (await COMMANDS[name]!())(program);
  for (const command of program.commands) command.exitOverride();
  return program;
}

function namesFor(asked: string | undefined): readonly string[] {
  if (asked === '--version' || asked === '-V') return [];
  return asked !== undefined && Object.hasOwn(COMMANDS, asked) ? [asked] : Object.keys(COMMANDS);
}

async function main(): Promise<void> {
  // Who reads our output may leave at any time, as `| head -1` does, or its disk be full. Whoever writes events or detections
  // to standard output notices its error and fails by itself; without a standard error there is nobody to tell anything.
  let lost: NodeJS.ErrnoException | undefined;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => (lost ??= error));
  process.stderr.on('error', () => undefined);
  process.on('exit', (code) => {
    if (lost === undefined || lost.code === 'EPIPE' || code !== EXIT.done) return;
    process.stderr.write(`sightline: sink: standard output: expected to write it, got ${lost.message}\n`);
    process.exitCode = EXIT.failed;
  });
  try {
    await (await createProgram(process.argv[2])).parseAsync(process.argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
      return;
    }
    process.stderr.write(`sightline: ${hideTyped(printableLines(describeError(error)))}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

void main();
