import type { Config, EventsConfig } from '../config/schema';
import type { EventSink } from '../models/domain/event-sink';
import { createJsonlSink } from '../operators/sinks/jsonl-events';
import { createRedisSink } from '../operators/sinks/redis-events';

/** Opens every sink of a configuration, or none: rejects with the first error after closing those already open. */
export async function openSinks({
  events,
  namespace,
}: Pick<Config, 'events' | 'namespace'>): Promise<EventSink[]> {
  const openings = await Promise.allSettled(events.map((config) => openSink(config, namespace)));
  const sinks = openings.flatMap((opening) => (opening.status === 'fulfilled' ? [opening.value] : []));
  const failure = openings.find((opening) => opening.status === 'rejected');
  if (failure === undefined) return sinks;
  await Promise.allSettled(sinks.map((sink) => sink.close()));
  throw failure.reason;
}

function openSink(config: EventsConfig, namespace: string): Promise<EventSink> {
  switch (config.type) {
    case 'jsonl':
      return createJsonlSink({ path: config.path, isAppending: config.append });
    case 'redis':
      return createRedisSink({ url: config.url, maxLen: config.maxLen, namespace });
  }
}
