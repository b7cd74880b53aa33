import { PipelineError } from '../domain/errors';
import { mastersOf } from './redis-client';
import type { RedisClient } from './redis-client';
import { isVague, toRedisError } from './redis-errors';

/**
 * Resolves when the connection is ready, of a cluster those to all masters. Rejects with the latest PipelineError when it is
 * not within `timeoutMs`, and at once when the server refuses the credentials, when TLS cannot work, when the connection was
 * closed on purpose, or the signal is aborted: ioredis says nothing of a client that is closed between two connections.
 */
export async function waitForRedis(
  client: RedisClient,
  name: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  await untilReady(client, name, timeoutMs, signal);
  if (!('nodes' in client)) return;
  await Promise.all(
    mastersOf(client).map((master) => untilReady(master, name, endMs - performance.now(), signal)),
  );
}

/** A server without TLS says nothing to who begins a handshake. */
const tlsHint = (name: string) => (name.startsWith('rediss') ? '; does this port speak TLS?' : '');

async function untilReady(
  client: RedisClient,
  name: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (client.status === 'ready') return;
  await new Promise<void>((resolve, reject) => {
    let latest = new PipelineError(
      'timeout',
      `${name}: expected a connection within ${Math.round(timeoutMs)} ms, got none${tlsHint(name)}`,
    );
    const timer = setTimeout(() => finish(latest), timeoutMs);
    const onReady = () => finish();
    const onError = (error: unknown) => {
      if (isVague(error)) return;
      latest = toRedisError(error, name);
      if (latest.code === 'auth' || latest.code === 'config') finish(latest);
    };
    const onEnd = () => finish(latest);
    const finish = (error?: PipelineError) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onEnd);
      client.off('ready', onReady).off('error', onError).off('node error', onError).off('end', onEnd);
      if (error === undefined) resolve();
      else reject(error);
    };
    client.on('ready', onReady).on('error', onError).on('node error', onError).on('end', onEnd);
    signal?.addEventListener('abort', onEnd);
    if (client.status === 'end' || signal?.aborted === true) onEnd();
  });
}
