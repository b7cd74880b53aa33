import { toError } from '../domain/errors';
import type { Redis } from './redis-client';
import type { RedisHost, RedisSentinelAddress } from './redis-url';

/** Opens a connection to a sentinel that is given up with its first failure. */
export type OpenSentinel = (
  host: RedisHost,
  credentials: Pick<RedisSentinelAddress, 'username' | 'password'>,
) => Redis;

/**
 * Asks one sentinel after the other where the master is. A sentinel that wants a login is shown the credentials of the
 * data nodes; one that does not never sees them. Rejects with what the last one said, in its error's `code` too.
 */
export async function findMaster(
  { hosts, master, username, password }: RedisSentinelAddress,
  open: OpenSentinel,
): Promise<RedisHost> {
  const credentials = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  };
  let latest: Error & { code?: unknown } = new Error('none');
  for (const host of hosts) {
    try {
      return await askSentinel(host, master, {}, open).catch((error: unknown) => {
        if (password === undefined || !toError(error).message.startsWith('NOAUTH')) throw error;
        return askSentinel(host, master, credentials, open);
      });
    } catch (error) {
      latest = toError(error);
      latest.message = `sentinel ${host.host}:${String(host.port)}: ${latest.message}`;
    }
  }
  throw latest;
}

async function askSentinel(
  host: RedisHost,
  master: string,
  credentials: Pick<RedisSentinelAddress, 'username' | 'password'>,
  open: OpenSentinel,
): Promise<RedisHost> {
  const sentinel = open(host, credentials);
  let cause: Error | undefined;
  // The command fails with no more than "Connection is closed.".
  sentinel.on('error', (error: Error) => (cause ??= error));
  try {
    const reply = await sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master);
    const [address, port] = Array.isArray(reply) ? reply.map(String) : [];
    if (address === undefined || port === undefined) throw new Error(`knows no master named ${master}`);
    return { host: address, port: Number(port) };
  } catch (error) {
    throw cause ?? error;
  } finally {
    sentinel.disconnect();
  }
}
