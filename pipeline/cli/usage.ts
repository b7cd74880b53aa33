import { PipelineError } from '../../models/domain/errors';
import { ConfigError } from '../../config/config-error';

/** Exit codes of every command. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** Wrong flags or arguments: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The exit code that an error stands for: wrong usage and wrong configuration are told apart from work that failed. */
export function exitCodeOf(error: unknown): number {
  return error instanceof UsageError || error instanceof ConfigError ? EXIT.usage : EXIT.failed;
}

/** What a person is told of an error. */
export function describeError(error: unknown): string {
  if (error instanceof PipelineError || error instanceof UsageError || error instanceof RangeError)
    return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Checks a flag's number. Throws a UsageError that names the flag. */
export function numberFlag(
  flag: string,
  text: string | undefined,
  { min, max, isWhole = false }: { min: number; max: number; isWhole?: boolean },
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && value >= min && value <= max && (!isWhole || Number.isInteger(value)))
    return value;
  const kind = isWhole ? 'whole number' : 'number';
  throw new UsageError(`${flag}: expected a ${kind} from ${min} to ${max}, got ${JSON.stringify(text)}`);
}

/** Splits a flag such as `person,car`. Throws a UsageError for an empty part. */
export function listFlag(flag: string, text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const parts = text.split(',').map((part) => part.trim());
  if (parts.every((part) => part !== '')) return parts;
  throw new UsageError(`${flag}: expected names with commas between, got ${JSON.stringify(text)}`);
}
