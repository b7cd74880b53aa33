import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVENT_CONTRACT_VERSION, EVENT_TYPES } from '../../models/domain/event';
import { eventJsonSchema, eventTypeJsonSchema } from '../../models/domain/event-json-schema';
import { packageRoot } from '../../models/support/package-root';
import { contractAsyncApi } from './asyncapi';
import { breakingChanges, presentContract } from './compatibility';
import type { Contract } from './compatibility';
import { exampleEvent } from './examples';
import { withReferenceParts } from './reference';
import { contractTypeScript } from './typescript';

const VERSION = `v${String(EVENT_CONTRACT_VERSION)}`;
const REFERENCE = 'models/contract/README.md';

/** What readers of this major version were promised so far. It grows with the contract, and nothing leaves it. */
const PROMISED = `test/golden/events/${VERSION}/contract.json`;

/** The files of the contract, by path within the package. */
export function contractFiles(): Readonly<Record<string, string>> {
  const folder = `models/contract/${VERSION}`;
  const page = readFileSync(join(packageRoot, REFERENCE), 'utf8');
  return {
    [`${folder}/event.schema.json`]: toText(eventJsonSchema()),
    ...Object.fromEntries(
      EVENT_TYPES.map((type) => [
        `${folder}/${type}.schema.json`,
        toText({ ...eventTypeJsonSchema(type), examples: [exampleEvent(type)] }),
      ]),
    ),
    [`${folder}/events.d.ts`]: contractTypeScript(),
    'models/contract/asyncapi.json': toText(contractAsyncApi()),
    [REFERENCE]: withReferenceParts(page),
    [PROMISED]: toText(presentContract()),
  };
}

/** What of the present contract breaks what its major version has promised, a line each. */
export function brokenPromises(): readonly string[] {
  const path = join(packageRoot, PROMISED);
  if (!existsSync(path)) return [];
  return breakingChanges(JSON.parse(readFileSync(path, 'utf8')) as Contract, presentContract());
}

const toText = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
