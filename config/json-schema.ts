import { z } from 'zod';
import { configSchema } from './schema';

/** JSON Schema (draft 2020-12) of a configuration file, for editors and other tools. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, {
    target: 'draft-2020-12',
    io: 'input',
    // These are for our own messages, and no keywords of JSON Schema.
    override: ({ jsonSchema }) => {
      delete jsonSchema.expected;
      delete jsonSchema.isSecret;
    },
  });
  return { ...schema, $id: 'urn:sightline:config:1', title: 'Sightline configuration' };
}
