import { readSecretFile } from '../../config/load';
import { toError } from '../../models/domain/errors';
import { redisUrlFault } from '../../models/support/redis-url-fault';
import { UsageError } from './usage';

/** Environment variable with the URL of the queue's Redis: what stands on a command line, everybody on the host can read. */
export const REDIS_URL_VARIABLE = 'SIGHTLINE_REDIS_URL';

const EXPECTED = 'redis://host:6379, rediss://… or file:/path of a file with such a URL';

/**
 * The Redis URL that a flag names: itself, or `file:/path` for a file that holds it. Throws a UsageError that names the
 * flag and repeats nothing that may be a password.
 */
export function redisUrlFlag(flag: string, text: string): string {
  const url = text.startsWith('file:') ? readUrl(flag, text.slice('file:'.length)) : text.trim();
  const fault = redisUrlFault(url);
  if (fault === undefined) return url;
  throw new UsageError(`${flag}: expected ${EXPECTED}, got ${fault}`);
}

/** The queue's URL of a command that cannot do without: the flag, or the environment. Throws a UsageError when neither is given. */
export function requiredQueueUrl(
  command: string,
  flag: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): string {
  if (flag !== undefined) return redisUrlFlag('--queue', flag);
  const variable = env[REDIS_URL_VARIABLE];
  if (variable !== undefined && variable !== '') return redisUrlFlag(REDIS_URL_VARIABLE, variable);
  throw new UsageError(
    `${command}: expected --queue redis://host:6379 or ${REDIS_URL_VARIABLE}, got neither`,
  );
}

function readUrl(flag: string, path: string): string {
  try {
    return readSecretFile(path.replace(/^\/\/(?=\/)/, '')).trim();
  } catch (error) {
    throw new UsageError(
      `${flag}: expected a file with a Redis URL at ${path}, got ${toError(error).message}`,
    );
  }
}
