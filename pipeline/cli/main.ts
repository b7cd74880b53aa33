#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { createRedactor, credentialsOf } from '../../models/domain/redact';
import { packageVersion } from '../../models/support/package-version';
import { addBridgeCommand } from './bridge';
import { addDetectCommand } from './detect';
import { addEventsCommand } from './events';
import { addIngestCommand } from './ingest';
import { addProbeCommand } from './probe';
import { addRunCommand } from './run';
import { addSchemaCommand } from './schema';
import { addWorkerCommand } from './worker';
import { EXIT, describeError, exitCodeOf } from './usage';
import { addValidateCommand } from './validate';
import { addZonesCommand } from './zones';

/** Messages repeat what was typed, and a URL ends for the patterns at a quote that a password may hold. */
const hide = createRedactor(
  process.argv.slice(2).flatMap((arg) => credentialsOf(/[a-z][a-z0-9+.-]*:\/\/.*/is.exec(arg)?.[0] ?? '')),
);

/** The whole command line; each command sets `process.exitCode` or throws. */
function createProgram(): Command {
  const program = new Command('sightline')
    .description('Camera URLs in, a trustworthy stream of events out.')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(hide(text)) });
  addRunCommand(program);
  addIngestCommand(program);
  addWorkerCommand(program);
  addDetectCommand(program);
  addProbeCommand(program);
  addZonesCommand(program);
  addEventsCommand(program);
  addBridgeCommand(program);
  addValidateCommand(program);
  addSchemaCommand(program);
  for (const command of program.commands) command.exitOverride();
  return program;
}

async function main(): Promise<void> {
  // Who reads our output may leave at any time, as `| head -1` does, or its disk be full. Standard output's error is noticed
  // by whoever writes events or detections to it; without a standard error there is nobody to tell anything.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  try {
    await createProgram().parseAsync(process.argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
      return;
    }
    process.stderr.write(`sightline: ${hide(describeError(error))}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

void main();
