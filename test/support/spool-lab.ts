import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EventSink } from '../../models/domain/event-sink';
import { createRedis } from '../../models/support/redis';
import { createRedisSink } from '../../operators/sinks/redis-events';
import type { RedisSinkOptions } from '../../operators/sinks/redis-events';
import { startedEvent } from './events';
import { startRedisServer } from './redis-server';
import type { RedisServer } from './redis-server';
import { tempFolder } from './temp-folder';
import { waitFor } from './wait-for';

export const MIB = 1024 * 1024;

/** Sinks with a spool, a server and a folder that are new for each test. */
export interface SpoolLab {
  readonly server: RedisServer;
  /** Outlives a test. */
  readonly root: string;
  /** Where the sinks have their spools. */
  folder: string;
  /** What the sinks told. */
  readonly notices: readonly string[];
  readonly open: (more?: Partial<RedisSinkOptions>) => Promise<EventSink>;
  readonly closeAll: () => Promise<void>;
  /** The fields of the entries of a stream. */
  readonly fieldsIn: (key: string) => Promise<Record<string, string>[]>;
  readonly idsIn: (key: string) => Promise<(string | undefined)[]>;
  readonly untilSpooled: (sink: EventSink, count: number) => Promise<unknown>;
  /** Names in the folder. */
  readonly left: () => readonly string[];
  readonly untilRemoved: () => Promise<unknown>;
}

/** Writes the events of these numbers, as fast as the sink takes them. */
export async function writeEvents(sink: EventSink, first: number, count: number): Promise<void> {
  for (let n = first; n < first + count; n++) await sink.write(startedEvent(n));
}

/** Their ids. */
export const eventIds = (first: number, count: number) =>
  Array.from({ length: count }, (_, n) => startedEvent(first + n).id);

/** For the tests of the calling `describe`. */
export function createSpoolLab(): SpoolLab {
  const root = tempFolder();
  let number = 0;
  let server: RedisServer;
  let sinks: EventSink[] = [];
  let notices: string[] = [];

  const closeAll = async () => {
    await Promise.allSettled(sinks.map((sink) => sink.close()));
  };
  beforeEach(async () => {
    lab.folder = join(root, `spool-${number++}`);
    server = await startRedisServer();
    [sinks, notices] = [[], []];
  });
  afterEach(async () => {
    await closeAll();
    await server.close();
  });

  async function fieldsIn(key: string): Promise<Record<string, string>[]> {
    const client = createRedis({ url: server.url, role: 'consumer', purpose: 'test' });
    const entries = await client.xrange(key, '-', '+');
    client.disconnect();
    return entries.map(([, fields]) =>
      Object.fromEntries(fields.flatMap((field, i) => (i % 2 === 0 ? [[field, fields[i + 1]!]] : []))),
    );
  }
  const left = () => (existsSync(lab.folder) ? readdirSync(lab.folder) : []);

  const lab: SpoolLab = {
    get server() {
      return server;
    },
    get notices() {
      return notices;
    },
    root,
    folder: root,
    async open(more = {}) {
      const sink = await createRedisSink({
        ...{ url: server.url, namespace: 'test', maxLen: 1_000_000 },
        ...{ spool: { folder: lab.folder, maxBytes: 64 * MIB }, replyTimeoutMs: 1500, drainTimeoutMs: 1000 },
        onNotice: ({ level, message }) => notices.push(`${level} ${message}`),
        ...more,
      });
      sinks.push(sink);
      return sink;
    },
    closeAll,
    fieldsIn,
    idsIn: async (key) => (await fieldsIn(key)).map(({ id }) => id),
    untilSpooled: (sink, count) =>
      waitFor(() => sink.stats().spool!.events === count, { what: `${count} events on disk` }),
    left,
    untilRemoved: () => waitFor(() => left().length === 0, { what: 'the spool to be removed' }),
  };
  return lab;
}
