import { randomUUID } from 'node:crypto';
import { systemClock } from '../../models/domain/clock';
import { PipelineError } from '../../models/domain/errors';
import type { SightlineEvent } from '../../models/domain/event';
import type { EventSink } from '../../models/domain/event-sink';
import { createKeys } from '../../models/domain/keys';
import { openCamera, openChange } from '../../models/domain/open-tracks';
import { MAX_SHARDS } from '../../models/domain/shard';
import { atMostEvery } from '../../models/support/at-most-every';
import { checkRedis, createRedis, toRedisError, waitForRedis } from '../../models/support/redis';
import type { RedisOptions } from '../../models/support/redis';
import { parseRedisUrl, redisName } from '../../models/support/redis-url';
import { createAppender } from './append-script';
import type { Entry } from './append-script';
import { createEventLog } from './event-log';
import { createAdoption } from './redis-adoption';
import { createBoxWriter } from './redis-boxes';
import { createLane } from './redis-lane';
import { joinLanes } from './redis-lanes';
import { createSender, toSinkError } from './redis-sender';
import { createSpool, placeFault } from './spool';
import { createSpoolNotices } from './spool-notices';
import type { SinkNotice } from './spool-notices';

export interface RedisSinkOptions extends Pick<RedisOptions, 'url' | 'tls' | 'replyTimeoutMs' | 'onError'> {
  /** Events go to the streams `<namespace>:events:<shard>`. */
  readonly namespace: string;
  /** Entries that each stream keeps, about: older ones are trimmed. */
  readonly maxLen: number;
  /** Entries older than this are trimmed too. Default: kept whatever their age. */
  readonly maxAgeMs?: number;
  /** Streams among which the cameras are divided, as every writer of the namespace has it. Default 1. */
  readonly shards?: number;
  /** Where events wait while Redis is away, so many bytes at most. Default: in memory alone. */
  readonly spool?: {
    readonly folder: string;
    readonly maxBytes: number;
    /** A batch without an answer for so long goes there. Default 1000: a restart of Redis is over sooner. */
    readonly afterMs?: number;
  };
  /** Takes tracked frames; each camera's stream keeps so many, about. Default: takes none. */
  readonly boxes?: { readonly maxLen: number };
  /** Events that may wait in memory; then `write` waits too. Long ones count as several. Default 10,000. */
  readonly maxPending?: number;
  /** How long the first connection may take. Default 5000. */
  readonly connectTimeoutMs?: number;
  /** How long `close` waits for what is pending. Default 5000. */
  readonly drainTimeoutMs?: number;
  /** How often the log is trimmed where no events come. Default: a minute. */
  readonly keepEveryMs?: number;
  /**
   * The fence of the lease under which the camera runs, asked for each event by `write`; undefined: it has none, and nothing
   * can supersede the event. For a lease that was lost it must go on giving the old one.
   */
  readonly fenceOf?: (camera: string) => number | undefined;
  /** So many events of the camera were not appended, since another process has its lease: they went to the `late` stream. */
  readonly onSuperseded?: (camera: string, count: number) => void;
  /** Redis answers, but does not take events for now. */
  readonly onTrouble?: (error: PipelineError) => void;
  /** Where events are while Redis is away. */
  readonly onNotice?: (notice: SinkNotice) => void;
}

/** The same trouble is told of so often at most. */
const TROUBLE_REPEAT_MS = 10_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** What a process left on disk is sent when the next one is started: the repetition of its last batch may take days to come. */
const SPOOLED_WRITER_TTL_MS = 7 * 24 * HOUR_MS;

const SPOOL_AFTER_MS = 1000;

/** For one batch of what others left. */
const ADOPT_TIMEOUT_MS = 5000;

/** Events of a shard that may wait in memory at least, where there are many. */
const MIN_PENDING = 1000;

/**
 * Events as entries of Redis streams with the fields `type camera id seq data`: `seq` numbers the events of each camera from 1
 * without gaps, `data` is the whole event in JSON.
 *
 * Once and in order: a batch is appended by one script, whole or not at all, and repeated under its number until Redis has
 * confirmed it. (A Redis that lost its data, or was away for longer than it remembers a writer, may take a batch twice; repeated
 * events bear the same `id`.) While Redis does not take events they wait in memory, and after a second on disk, in the same
 * order and with their fences; where neither has room `write` waits: nothing is dropped. What a process leaves on disk is sent
 * by the next one before all else.
 *
 * An event whose fence is below one that has written for its camera goes to the stream `late` instead. A hash for each camera
 * holds what has begun and not ended (`openChange`), changed in the same step as the log.
 *
 * Rejects with a PipelineError `sink` when Redis cannot be reached at the start, refuses the credentials, is too old, would evict
 * keys or is written to with another number of shards, and with a RangeError for options that are none.
 */
export async function createRedisSink(options: RedisSinkOptions): Promise<EventSink> {
  const { namespace, maxPending = 10_000, connectTimeoutMs = 5000, drainTimeoutMs = 5000 } = options;
  const { maxLen, maxAgeMs, shards = 1, keepEveryMs = MINUTE_MS, fenceOf, onNotice } = options;
  checkOptions(options);
  const keys = createKeys(namespace);
  const client = createRedis({ ...options, role: 'producer', purpose: 'events' });
  const address = parseRedisUrl(options.url);
  const name = address === undefined ? 'redis' : redisName(address);
  const tellTrouble = atMostEvery(TROUBLE_REPEAT_MS, systemClock, (error: PipelineError) =>
    options.onTrouble?.(error),
  );
  const log = createEventLog({ client, keys, name, shards, maxAgeMs });
  const spool = options.spool && {
    place: { folder: options.spool.folder, target: `${name} ${namespace}` },
    budget: { maxBytes: options.spool.maxBytes, usedBytes: 0 },
    afterMs: options.spool.afterMs ?? SPOOL_AFTER_MS,
    notices: createSpoolNotices({
      ...{ name, folder: options.spool.folder },
      tell: (notice) => onNotice?.(notice),
    }),
  };
  let adopted = { replayed: 0, damaged: 0 };

  function createWriter(shard: number, writer: string = randomUUID()) {
    const writerTtlMs = spool === undefined ? HOUR_MS : SPOOLED_WRITER_TTL_MS;
    const appender = createAppender({ client, keys, shard, writer, maxLen, maxAgeMs, writerTtlMs });
    const { onSuperseded } = options;
    return {
      appender,
      writer,
      sender: createSender({ client, name, appender, onSuperseded, onTrouble: tellTrouble }),
    };
  }

  const adopt =
    spool &&
    createAdoption({
      place: spool.place,
      createSender: createWriter,
      onAdopted(path, replayed, damaged) {
        adopted = { replayed: adopted.replayed + replayed, damaged: adopted.damaged + damaged };
        spool.notices.adopted(path, replayed, damaged);
      },
      onLeft: spool.notices.notAdopted,
    });

  try {
    await waitForRedis(client, name, connectTimeoutMs);
    await checkRedis(client, name);
    await log.register();
    if ((await adopt?.(ADOPT_TIMEOUT_MS)) === false) {
      throw new PipelineError(
        'timeout',
        `${name}: expected it to take what an earlier process left, got no answer`,
      );
    }
  } catch (error) {
    client.disconnect();
    throw toSinkError(asPipelineError(error, name));
  }
  const fault = spool && placeFault(spool.place);
  if (fault !== undefined) spool?.notices.unusable(fault);

  const writers = Array.from({ length: shards }, (_, shard) => createWriter(shard));
  const lanes = joinLanes(
    writers.map(({ sender, writer }, shard) =>
      createLane({
        ...{ name, sender, writer, drainTimeoutMs },
        encode: (event) => toEntry(event, fenceOf?.(event.data.camera)),
        maxPending: Math.max(Math.ceil(maxPending / shards), Math.min(maxPending, MIN_PENDING)),
        spool: spool && {
          create: () => createSpool(spool.place, shard, spool.budget),
          afterMs: spool.afterMs,
          notices: spool.notices,
        },
      }),
    ),
  );
  const boxes = options.boxes && createBoxWriter({ client, keys, maxLen: options.boxes.maxLen });

  const keepLog = () =>
    void log.keep().catch((error: unknown) => {
      if (client.status === 'ready') tellTrouble(asPipelineError(error, name));
    });
  const keeping = setInterval(keepLog, keepEveryMs).unref();
  client.on('ready', keepLog);

  async function close(): Promise<void> {
    try {
      await lanes.close();
    } finally {
      clearInterval(keeping);
      client.off('ready', keepLog);
      client.disconnect();
      spool?.notices.close();
    }
  }

  let closed: Promise<void> | undefined;
  return {
    name,
    ended: lanes.ended,
    write: (event) => lanes.write(event),
    flush: () => lanes.flush(),
    close: () => (closed ??= close()),
    async openCamera(camera, source) {
      await lanes.flushShardOf(camera);
      // Another process of this host may have had it, and be gone.
      await adopt?.(ADOPT_TIMEOUT_MS);
      const { appender } = writers[lanes.shardOf(camera)]!;
      return openCamera(await appender.claim(camera, fenceOf?.(camera)), source);
    },
    ...(boxes !== undefined && { writeBoxes: (frame) => boxes.write(frame) }),
    stats() {
      const { spool: own, ...events } = lanes.stats();
      return {
        ...events,
        ...(own !== undefined && {
          spool: {
            ...own,
            replayed: own.replayed + adopted.replayed,
            damaged: own.damaged + adopted.damaged,
          },
        }),
        ...(boxes !== undefined && { boxes: boxes.stats() }),
      };
    },
  };
}

const asPipelineError = (error: unknown, name: string) =>
  error instanceof PipelineError ? error : toRedisError(error, name);

function checkOptions({ maxAgeMs, shards = 1 }: RedisSinkOptions): void {
  if (maxAgeMs !== undefined && !(maxAgeMs > 0)) {
    throw new RangeError(`maxAgeMs: expected more than 0, got ${maxAgeMs}`);
  }
  if (!Number.isInteger(shards) || shards < 1 || shards > MAX_SHARDS) {
    throw new RangeError(`shards: expected 1 to ${MAX_SHARDS}, got ${shards}`);
  }
}

function toEntry(event: SightlineEvent, fence: number | undefined): Entry {
  return {
    type: event.type,
    camera: event.data.camera,
    id: event.id,
    open: openChange(event),
    data: JSON.stringify(event),
    fence,
  };
}
