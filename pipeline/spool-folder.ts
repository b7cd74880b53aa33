import { createHash } from 'node:crypto';
import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { parseRedisUrl, redisName } from '../models/support/redis-url';

/**
 * Where events of a namespace wait for a Redis unless the configuration says it: `sightline/<namespace>-<hash of the address>` in
 * `$XDG_STATE_HOME`, or in `~/.local/state`; without a home in the temp folder. Credentials are no part of it.
 */
export function defaultSpoolFolder(
  namespace: string,
  url: string,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const address = parseRedisUrl(url);
  const name = address === undefined ? '' : redisName(address);
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return join(stateHome(env), 'sightline', `${namespace}-${hash}`);
}

/** The XDG Base Directory Specification wants relative paths ignored. */
function stateHome({ XDG_STATE_HOME: given = '' }: NodeJS.ProcessEnv): string {
  if (isAbsolute(given)) return given;
  try {
    return join(homedir(), '.local', 'state');
  } catch {
    // A user that the system does not know, as in containers.
    return tmpdir();
  }
}
