import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Ajv from 'ajv';
import { parse } from 'yaml';
import { read } from './repository';

/** What the tests read of a service. */
export interface Service {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly healthcheck: { readonly test: readonly string[] };
  readonly stop_grace_period: string;
  readonly restart: string;
  readonly user?: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly logging: { readonly options: Readonly<Record<string, string>> };
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly deploy: {
    readonly replicas?: string;
    readonly resources: { readonly limits: Readonly<Record<string, string | number>> };
  };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** Reads a compose file of docker/ as Compose does: merge keys, then `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, `$$`. */
export function readCompose(file: string, env: Readonly<Record<string, string>>): ComposeFile {
  const text = read('docker', file);
  return filledIn(parse(text, { merge: true }), env) as ComposeFile;
}

function filledIn(value: unknown, env: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') {
    return value.replace(
      /\$(?:(\$)|\{(\w+)(?::([-?])([^}]*))?\})/g,
      (_all, dollar?: string, name?: string, kind?: string, rest?: string) => {
        const known = dollar ?? env[name ?? ''] ?? (kind === '-' ? rest : undefined);
        if (known === undefined) throw new Error(`${String(name)}: expected a value, got none`);
        return known;
      },
    );
  }
  if (Array.isArray(value)) return value.map((each) => filledIn(each, env));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, filledIn(each, env)]));
}

/** What the JSON Schema of the compose specification, as the package dclint brings it, finds wrong. */
export function composeFaults(file: ComposeFile): readonly string[] {
  const path = join(dirname(require.resolve('dclint/package.json')), 'schemas', 'compose.schema.json');
  const { $schema: _draft, ...schema } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false });
  const validate = ajv.compile(schema);
  if (validate(file)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
}

/** A duration of a compose file, `1m30s`, in ms. */
export function durationMs(text: string): number {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  const parts = [...text.matchAll(/(\d+)(ms|s|m|h)/g)];
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * units[unit!]!, 0);
}
