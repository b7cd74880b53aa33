import type { Command } from 'commander';
import { configJsonSchema } from '../../config/json-schema';
import { eventJsonSchema } from '../../models/domain/event';

/** `sightline schema`: the JSON Schema of the configuration, or of the events. */
export function addSchemaCommand(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema of the configuration file')
    .option('--events', 'print the JSON Schema of the events instead')
    .action(({ events = false }: { events?: boolean }) => {
      process.stdout.write(`${JSON.stringify(events ? eventJsonSchema() : configJsonSchema(), null, 2)}\n`);
    });
}
