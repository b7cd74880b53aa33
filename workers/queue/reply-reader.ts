import type { Keys } from '../../models/domain/keys';
import { toError } from '../../models/domain/errors';
import type { RedisClient } from '../../models/support/redis';
import { decodeReply } from '../wire/reply';
import type { Reply } from '../wire/reply';

export interface ReplyReaderOptions {
  /** A connection of its own: reading blocks it. */
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly producer: string;
  readonly labels: readonly string[];
  readonly onReply: (reply: Reply) => void;
  /** Something in the stream was no reply, or Redis refused to be read; never with a credential. */
  readonly onError: (error: Error) => void;
}

const BLOCK_MS = 1000;
const COUNT = 64;
const RETRY_MS = 200;

/** A server that lets a read wait for longer is gone, or the way to it is; so may the next way be. */
const SILENCE_MS = 5000;

/** Reads the stream of answers to this process until it is closed, through every outage. */
export interface ReplyReader {
  close(): Promise<void>;
}

type Entry = readonly [id: Buffer, fields: readonly Buffer[]];

/** Starts reading at the stream's beginning: it is named after this process, and nobody else reads it. */
export function createReplyReader(options: ReplyReaderOptions): ReplyReader {
  const { client, keys, producer, labels, onReply, onError } = options;
  const key = keys.replies(producer);
  let lastId = '0-0';
  let isClosed = false;
  let endPause: (() => void) | undefined;
  let endRead: (() => void) | undefined;

  // A function, since `isClosed` changes while a read is awaited and the compiler's narrowing does not see that.
  const hasEnded = (): boolean => isClosed;

  function take([id, fields]: Entry): void {
    lastId = id.toString('latin1');
    try {
      const named = new Map<string, Buffer>();
      for (let at = 0; at + 1 < fields.length; at += 2)
        named.set(fields[at]!.toString('utf8'), fields[at + 1]!);
      onReply(decodeReply(named, labels));
    } catch (error) {
      onError(toError(error));
    }
  }

  /** A stream made anew by a server whose clock is behind begins with ids below the last one read. */
  async function rewindIfAnew(): Promise<void> {
    const [newest] = await client.xrevrange(key, '+', '-', 'COUNT', 1);
    if (newest !== undefined && isBefore(newest[0], lastId)) lastId = '0-0';
  }

  async function read(): Promise<void> {
    const streams = await client.xreadBuffer('COUNT', COUNT, 'BLOCK', BLOCK_MS, 'STREAMS', key, lastId);
    const entries = (streams as [Buffer, Entry[]][] | null)?.[0]?.[1] ?? [];
    for (const entry of entries) if (!isClosed) take(entry);
    if (entries.length === 0 && !isClosed) await rewindIfAnew();
  }

  async function readWatched(): Promise<void> {
    const watchdog = setInterval(() => client.disconnect(true), SILENCE_MS);
    // A read of ioredis 6 that is under way while its client is closed between two connections never settles.
    const given = new Promise<void>((resolve) => (endRead = resolve));
    try {
      await Promise.race([read(), given]);
    } finally {
      clearInterval(watchdog);
    }
  }

  async function readAll(): Promise<void> {
    while (!isClosed) {
      try {
        await readWatched();
      } catch (error) {
        if (hasEnded()) return;
        onError(toError(error));
        await pause();
      }
    }
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, RETRY_MS);
      endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  const reading = readAll();
  return {
    async close() {
      isClosed = true;
      endPause?.();
      client.disconnect();
      endRead?.();
      await reading;
    },
  };
}

function isBefore(id: string, other: string): boolean {
  const [ms = 0, count = 0] = id.split('-').map(Number);
  const [otherMs = 0, otherCount = 0] = other.split('-').map(Number);
  return ms < otherMs || (ms === otherMs && count < otherCount);
}
