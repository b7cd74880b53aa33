import { createKeys } from '../../models/domain/keys';
import { createRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import type { Delivery, EventSubscription } from '../../pipeline/client/types';
import { startedEvent } from './events';
import { waitFor } from './wait-for';

export const LOG_KEYS = createKeys('sightline');

/** An event log that a test writes into. */
export interface EventLog {
  readonly client: RedisClient;
  /** Appends events number `from` to `to` (not included) of a camera, and gives their entry ids. */
  append(from: number, to: number, options?: { camera?: string; shard?: number }): Promise<string[]>;
  /** Appends one entry of any fields. */
  appendRaw(fields: Readonly<Record<string, string>>, shard?: number): Promise<string>;
  close(): void;
}

export function openEventLog(url: string): EventLog {
  const client = createRedis({ url, role: 'consumer', purpose: 'test' });
  return {
    client,
    async append(from, to, { camera = 'front', shard = 0 } = {}) {
      const ids: string[] = [];
      for (let n = from; n < to; n++) {
        const event = startedEvent(n, camera);
        const fields = ['type', event.type, 'camera', camera, 'id', event.id, 'seq', String(n + 1)];
        ids.push((await client.xadd(LOG_KEYS.events(shard), '*', ...fields, 'data', JSON.stringify(event)))!);
      }
      return ids;
    },
    async appendRaw(fields, shard = 0) {
      return (await client.xadd(LOG_KEYS.events(shard), '*', ...Object.entries(fields).flat()))!;
    },
    close: () => client.disconnect(),
  };
}

/** What a subscription delivered, in words: `front 3`, `gap trimmed 4`, `unknown x.y`, `malformed`. */
export function inWords(delivery: Delivery): string {
  switch (delivery.kind) {
    case 'event': {
      const { data } = delivery.event;
      return `${data.camera} ${String(delivery.seq)}`;
    }
    case 'gap':
      return `gap ${delivery.reason} ${String(delivery.missing ?? '?')}`;
    case 'unknown':
      return `unknown ${delivery.type}`;
    case 'malformed':
      return 'malformed';
  }
}

/** Reads a subscription on the side. */
export function collect(
  subscription: EventSubscription,
  handle: (delivery: Delivery) => void = (delivery) => {
    if (delivery.kind !== 'gap') void delivery.ack();
  },
) {
  const deliveries: Delivery[] = [];
  const done = (async () => {
    for await (const delivery of subscription) {
      deliveries.push(delivery);
      handle(delivery);
    }
  })();
  done.catch(() => undefined);
  const words = () => deliveries.map(inWords);
  return {
    deliveries,
    words,
    done,
    until: (count: number, timeoutMs = 10_000) =>
      waitFor(() => deliveries.length >= count, { what: `${String(count)} deliveries`, timeoutMs }),
  };
}

/** `front 1` … `front n`. */
export const numbered = (from: number, to: number, camera = 'front') =>
  Array.from({ length: to - from }, (_, n) => `${camera} ${String(from + n + 1)}`);
