import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../models/domain/clock';
import { createKeys } from '../../models/domain/keys';
import { manifestSchema } from '../../models/efficientvit/manifest';
import type { Manifest } from '../../models/efficientvit/manifest';
import { connect } from '../wire/connections';
import { NO_WORKER_NOTICE_MS } from './fleet';
import type { QueueDetectPortOptions } from './queue-types';

export interface PublishedModelOptions extends Pick<
  QueueDetectPortOptions,
  'url' | 'tls' | 'namespace' | 'onEvent'
> {
  readonly name: string;
  readonly clock: Clock;
}

const POLL_MS = 500;

/**
 * The manifest of a model as its workers have published it; waits until one has, and says so after ten seconds. Undefined
 * when `signal` is aborted first. Rejects as `connect`.
 */
export async function awaitPublishedModel(
  options: PublishedModelOptions,
  signal: AbortSignal,
): Promise<Manifest | undefined> {
  const { name, namespace, clock, onEvent } = options;
  const keys = createKeys(namespace);
  const connections = await connect({ ...options, purpose: 'models' }, signal);
  const { commands } = connections;
  let noticeAtMs = clock.monotonicMs() + NO_WORKER_NOTICE_MS;
  try {
    while (!signal.aborted) {
      const text = await commands.hget(keys.models, name).catch(() => null);
      const manifest = text === null ? undefined : parseManifest(text);
      if (manifest !== undefined) return manifest;
      if (clock.monotonicMs() >= noticeAtMs) {
        noticeAtMs = Infinity;
        const others = await commands.hkeys(keys.models).catch(() => []);
        onEvent?.({ kind: 'no_model', others });
      }
      await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  } finally {
    connections.close();
  }
}

/** Anybody who may write to Redis may have put it there. */
function parseManifest(text: string): Manifest | undefined {
  try {
    const parsed = manifestSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
