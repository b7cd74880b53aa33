import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { NAMESPACE_PATTERN, createKeys } from '../../models/domain/keys';
import { toRedisError } from '../../models/support/redis';
import { fieldOf } from '../client/decode';
import type { RawEntry } from '../client/decode';
import { compareIds, idBefore, timeOf } from '../client/entry-id';
import { createFilter } from '../client/options';
import { addLogFlags, logPlace, timeFlag } from './events-flags';
import type { LogFlags } from './events-flags';
import { openLog } from './open-log';
import type { OpenLog } from './open-log';
import { catchStopSignals } from './signals';
import { EXIT, UsageError, listFlag, numberFlag } from './usage';

interface ReplayFlags extends LogFlags {
  readonly to: string;
  readonly since?: string;
  readonly until?: string;
  readonly camera?: string;
  readonly type?: string;
  readonly speed?: string;
  readonly maxLen: string;
}

const PAGE = 500;

/** `sightline events replay`: appends what the log holds to another stream, for a consumer that is being built. */
export function addReplayCommand(events: Command): void {
  addLogFlags(
    events.command('replay').description('append events of the log to another stream of the same Redis'),
  )
    .requiredOption('--to <stream>', 'a namespace, or the key of a stream')
    .option('--since <time>', 'from 10m (ago) or 2026-05-01T12:00:00Z on (default: all)')
    .option('--until <time>', 'until then (default: now)')
    .option('--camera <names>', 'of these cameras')
    .option('--type <types>', 'of these types: track.started,zone.*')
    .option(
      '--speed <factor>',
      'in the rhythm in which they came, so much faster (default: as fast as it goes)',
    )
    .option('--max-len <n>', 'entries that the other stream keeps, about', '1000000')
    .action(async (_flags: unknown, command: Command) => {
      process.exitCode = await replay(command.optsWithGlobals());
    });
}

async function replay(flags: ReplayFlags): Promise<number> {
  const speed = numberFlag('--speed', flags.speed, { min: 0.001, max: 1_000_000 });
  const maxLen = numberFlag('--max-len', flags.maxLen, { min: 1, max: 1_000_000_000, isWhole: true })!;
  const range = {
    from: idBefore(timeFlag('--since', flags.since) ?? 0),
    until: timeFlag('--until', flags.until) ?? Date.now(),
  };
  const cameras = listFlag('--camera', flags.camera);
  const types = listFlag('--type', flags.type);
  const place = logPlace('events replay', flags);
  const target = NAMESPACE_PATTERN.test(flags.to) ? createKeys(flags.to).events() : flags.to;
  const stop = catchStopSignals(() => undefined);
  const log = await openLog(place);
  try {
    const sources = Array.from({ length: log.shards }, (_, shard) => log.keys.events(shard));
    if (target === '' || sources.includes(target))
      throw new UsageError(
        `--to: expected another stream than the log itself, got ${JSON.stringify(flags.to)}`,
      );
    const isChosen = createFilter(types, cameras);
    const isWanted = ([, fields]: RawEntry) =>
      isChosen(fieldOf(fields, 'type') ?? '', fieldOf(fields, 'camera') ?? '');
    const count = await append(log, { sources, target, range, isWanted, speed, maxLen, signal: stop.signal });
    process.stderr.write(`${String(count)} ${count === 1 ? 'event' : 'events'} appended to ${target}\n`);
    return EXIT.done;
  } catch (error) {
    throw error instanceof UsageError ? error : toRedisError(error, log.name);
  } finally {
    log.close();
    stop.release();
  }
}

interface ReplayRange {
  /** The id behind which it begins, and the time in ms at which it ends. */
  readonly from: string;
  readonly until: number;
}

interface AppendOptions {
  readonly sources: readonly string[];
  readonly target: string;
  readonly range: ReplayRange;
  readonly isWanted: (entry: RawEntry) => boolean;
  readonly speed: number | undefined;
  readonly maxLen: number;
  readonly signal: AbortSignal;
}

async function append(
  log: OpenLog,
  { sources, target, range, isWanted, speed, maxLen, signal }: AppendOptions,
): Promise<number> {
  let count = 0;
  let batch: Promise<unknown>[] = [];
  // A function, since it changes while a read is awaited and the compiler's narrowing does not see that.
  const isStopped = (): boolean => signal.aborted;
  let begun: { readonly ms: number; readonly atMs: number } | undefined;
  const settle = async () => {
    await Promise.all(batch);
    batch = [];
  };
  for await (const entry of merged(log, sources, range)) {
    if (isStopped()) break;
    if (!isWanted(entry)) continue;
    if (speed !== undefined) {
      begun ??= { ms: timeOf(entry[0]), atMs: performance.now() };
      const dueMs = begun.atMs + (timeOf(entry[0]) - begun.ms) / speed;
      const waitMs = dueMs - performance.now();
      if (waitMs > 1) {
        await settle();
        await delay(waitMs, undefined, { signal }).catch(() => undefined);
        if (isStopped()) break;
      }
    }
    const added = log.client.xadd(target, 'MAXLEN', '~', maxLen, '*', ...entry[1]);
    // It may fail while the next page is read: who waits for the batch hears of it.
    added.catch(() => undefined);
    batch.push(added);
    count++;
    if (batch.length >= PAGE) await settle();
  }
  await settle();
  return count;
}

/** The entries of some streams in the order of their ids; holds a page of each. */
async function* merged(
  { client }: OpenLog,
  keys: readonly string[],
  { from, until }: ReplayRange,
): AsyncGenerator<RawEntry> {
  const end = String(Math.floor(until));
  const streams = keys.map((key) => ({
    key,
    page: [] as readonly RawEntry[],
    at: 0,
    last: from,
    isOver: false,
  }));
  for (;;) {
    for (const stream of streams) {
      if (stream.at < stream.page.length || stream.isOver) continue;
      stream.page = await client.xrange(stream.key, `(${stream.last}`, end, 'COUNT', PAGE);
      stream.at = 0;
      stream.last = stream.page.at(-1)?.[0] ?? stream.last;
      stream.isOver = stream.page.length < PAGE;
    }
    const [next] = streams
      .filter(({ page, at }) => at < page.length)
      .sort((a, b) => compareIds(a.page[a.at]![0], b.page[b.at]![0]));
    if (next === undefined) return;
    yield next.page[next.at++]!;
  }
}
