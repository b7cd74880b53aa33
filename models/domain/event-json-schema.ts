import { z } from 'zod';
import { EVENT_DATA_SCHEMA, eventSchema } from './event';
import type { EventType } from './event';

/** Drafts of JSON Schema in which the contract can be had: AsyncAPI knows no newer one than 7. */
export type SchemaDraft = 'draft-2020-12' | 'draft-7';

/** RFC 3339 in UTC, as far as a pattern can tell; what zod makes is 400 characters that change with its version. */
const TIME_PATTERN = '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$';

/** JSON Schema of one event of any type: what a reader of this major version of the contract has to expect. */
export function eventJsonSchema(draft: SchemaDraft = 'draft-2020-12'): Record<string, unknown> {
  return named(EVENT_DATA_SCHEMA, 'Sightline event', toJsonSchema(eventSchema, draft));
}

/** JSON Schema of the events of one type. */
export function eventTypeJsonSchema(
  type: EventType,
  draft: SchemaDraft = 'draft-2020-12',
): Record<string, unknown> {
  const schema = eventSchema.options.find(({ shape }) => shape.type.value === type)!;
  return named(`${EVENT_DATA_SCHEMA}:${type}`, `Sightline event ${type}`, toJsonSchema(schema, draft));
}

function named(id: string, title: string, { $schema, description, ...schema }: Record<string, unknown>) {
  return { $schema, $id: id, title, ...(description !== undefined && { description }), ...schema };
}

/**
 * Objects are open, and so are lists of values that may grow: a reader with an older schema has to take newer events of the
 * same major version.
 */
function toJsonSchema(schema: z.ZodType, draft: SchemaDraft): Record<string, unknown> {
  return z.toJSONSchema(schema, {
    target: draft,
    io: 'input',
    override({ jsonSchema }) {
      if (jsonSchema.format === 'date-time') jsonSchema.pattern = TIME_PATTERN;
      if (jsonSchema.isOpen !== true) return;
      const { enum: known } = jsonSchema;
      delete jsonSchema.isOpen;
      delete jsonSchema.enum;
      jsonSchema.anyOf = [{ enum: known! }, { description: 'Values of later versions.' }];
    },
  });
}
