import { Option } from 'commander';
import type { Command } from 'commander';
import { contractAsyncApi } from '../../config/contract/asyncapi';
import { configJsonSchema } from '../../config/json-schema';
import { eventJsonSchema } from '../../models/domain/event-json-schema';

interface SchemaFlags {
  readonly events?: boolean;
  readonly asyncapi?: boolean;
}

/** `sightline schema`: the JSON Schema of the configuration, or of the events, or the AsyncAPI document of their log. */
export function addSchemaCommand(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema of the configuration file')
    .option('--events', 'print the JSON Schema of the events instead')
    .addOption(
      new Option('--asyncapi', 'print the AsyncAPI document of the event log instead').conflicts('events'),
    )
    .action(({ events, asyncapi }: SchemaFlags) => {
      const schema = asyncapi ? contractAsyncApi() : events ? eventJsonSchema() : configJsonSchema();
      process.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
    });
}
