import { BOXES_MAX_LEN } from '../config/events-schema';
import type { Config, EventsConfig } from '../config/schema';
import type { PipelineError } from '../models/domain/errors';
import type { EventSink } from '../models/domain/event-sink';
import { createJsonlSink } from '../operators/sinks/jsonl-events';
import type { SinkNotice } from '../operators/sinks/spool-notices';
import { defaultSpoolFolder } from './spool-folder';

/** What sinks ask of whoever shares its cameras with other processes. */
export interface SinkContext {
  /** The fence under which a camera's events are written. */
  readonly fenceOf: (camera: string) => number | undefined;
  /** False when another process may own the camera by now: then nothing of it is written any more. */
  readonly mayEmit: (camera: string) => boolean;
  /** Events came too late: the camera has another owner. */
  readonly onSuperseded: (camera: string, count: number) => void;
}

export interface OpenSinksOptions {
  readonly context?: SinkContext;
  /** A sink cannot write for now, and tries again. */
  readonly onTrouble?: (error: PipelineError) => void;
  /** Something to tell of events that wait on disk. */
  readonly onNotice?: (notice: SinkNotice) => void;
}

/** Opens every sink of a configuration, or none: rejects with the first error after closing those already open. */
export async function openSinks(
  { events, namespace }: Pick<Config, 'events' | 'namespace'>,
  options: OpenSinksOptions = {},
): Promise<EventSink[]> {
  const openings = await Promise.allSettled(events.map((config) => openSink(config, namespace, options)));
  const sinks = openings.flatMap((opening) => (opening.status === 'fulfilled' ? [opening.value] : []));
  const failure = openings.find((opening) => opening.status === 'rejected');
  if (failure === undefined) return sinks.map((sink) => guarded(sink, options.context));
  await Promise.allSettled(sinks.map((sink) => sink.close()));
  throw failure.reason;
}

async function openSink(
  config: EventsConfig,
  namespace: string,
  { context, onTrouble, onNotice }: OpenSinksOptions,
): Promise<EventSink> {
  switch (config.type) {
    case 'jsonl':
      return createJsonlSink({ path: config.path, isAppending: config.append });
    case 'redis': {
      // Loaded by those who need it alone: it takes a while.
      const { createRedisSink } = await import('../operators/sinks/redis-events.js');
      return createRedisSink({
        ...redisSettings(config, namespace),
        ...(onTrouble !== undefined && { onTrouble }),
        ...(onNotice !== undefined && { onNotice }),
        ...(context !== undefined && { fenceOf: context.fenceOf, onSuperseded: context.onSuperseded }),
      });
    }
  }
}

function redisSettings(config: Extract<EventsConfig, { type: 'redis' }>, namespace: string) {
  const { url, maxLen, maxAgeMs, shards, spool, boxes } = config;
  return {
    ...{ url, namespace, maxLen, shards },
    ...(maxAgeMs !== undefined && { maxAgeMs }),
    ...(spool !== false && {
      spool: { folder: spool.path ?? defaultSpoolFolder(namespace, url), maxBytes: spool.maxBytes },
    }),
    ...(boxes !== false && { boxes: boxes === true ? { maxLen: BOXES_MAX_LEN } : boxes }),
  };
}

/** A sink that leaves out what this process has no right to say any more. */
function guarded(sink: EventSink, context: SinkContext | undefined): EventSink {
  if (context === undefined) return sink;
  const write: EventSink['write'] = (event) => {
    const { camera } = event.data;
    if (context.mayEmit(camera)) return sink.write(event);
    context.onSuperseded(camera, 1);
    return Promise.resolve();
  };
  return {
    ...sink,
    write,
    stats: () => sink.stats(),
    writeBoxes(frame) {
      if (context.mayEmit(frame.frame.cameraId)) sink.writeBoxes?.(frame);
    },
  };
}
