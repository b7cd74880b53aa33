import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { CloudEvent, HTTP } from 'cloudevents';
import { packageRoot } from '../../models/support/package-root';
import { runPython } from './python';

/** The published files of a major version of the contract. */
export const contractFolder = (version: string) => join(packageRoot, 'models/contract', version);

/** A check by ajv against the published schemas, of all events and of the event's own type: what is wrong, or undefined. */
export function createAjvCheck(version: string): (event: { readonly type?: unknown }) => string | undefined {
  const ajv = new Ajv2020({ strict: true });
  addFormats(ajv);
  const folder = contractFolder(version);
  const names = readdirSync(folder).filter((name) => name.endsWith('.schema.json'));
  const checks = new Map(
    names.map((name) => [
      name.slice(0, -'.schema.json'.length),
      ajv.compile(JSON.parse(readFileSync(join(folder, name), 'utf8')) as object),
    ]),
  );
  return (event) => {
    const wanted = [checks.get('event')!, checks.get(String(event.type))].filter((one) => one !== undefined);
    const failed = wanted.find((check) => !check(event));
    return failed && ajv.errorsText(failed.errors);
  };
}

/** What Debian's python3-jsonschema has against each event; null for nothing. */
export function pythonFaults(version: string, events: readonly unknown[]): readonly (string | null)[] {
  const script = join(packageRoot, 'test/support/validate-events.py');
  const lines = events.map((event) => `${JSON.stringify(event)}\n`).join('');
  const answers = runPython(script, [contractFolder(version)], lines);
  return answers
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as string | null);
}

/**
 * Sends the event through the `cloudevents` package, which checks it strictly; gives what arrives, and throws what it has
 * against it. The package knows times to the millisecond.
 */
export function throughCloudEvents(event: object): unknown {
  const arrived = HTTP.toEvent(HTTP.structured(new CloudEvent(event, true)));
  return JSON.parse(JSON.stringify(arrived));
}

/** The event with its time as `cloudevents` writes it. */
export function inMilliseconds<T extends { readonly time: string }>(event: T): T {
  return { ...event, time: new Date(event.time).toISOString() };
}
