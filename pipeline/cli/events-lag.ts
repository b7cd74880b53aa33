import type { Command } from 'commander';
import type { Keys } from '../../models/domain/keys';
import { toRedisError } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { addLogFlags, logPlace } from './events-flags';
import type { LogFlags } from './events-flags';
import { openLog } from './open-log';
import { printable } from './printable';
import { EXIT } from './usage';

interface GroupLag {
  readonly group: string;
  readonly shard: number;
  readonly consumers: number;
  /** Delivered and not acknowledged. */
  readonly pending: number;
  /** Not delivered yet; undefined where Redis cannot tell. */
  readonly lag: number | undefined;
  /** Age of the oldest entry that is pending. */
  readonly oldestMs: number | undefined;
  readonly deadLetters: number;
}

/** `sightline events lag`: how far the groups of the log are behind. */
export function addLagCommand(events: Command): void {
  addLogFlags(events.command('lag').description('say how far each consumer group is behind'))
    .option('--json', 'as JSON Lines')
    .action(async (_flags: unknown, command: Command) => {
      process.exitCode = await printLag(command.optsWithGlobals());
    });
}

async function printLag(flags: LogFlags & { readonly json?: boolean }): Promise<number> {
  const log = await openLog(logPlace('events lag', flags));
  try {
    const shards = Array.from({ length: log.shards }, (_, shard) => shard);
    const all = await Promise.all(shards.map((shard) => lagsOf(log.client, log.keys, shard)));
    const lags = all
      .flat()
      .sort((a, b) => (a.group < b.group ? -1 : a.group > b.group ? 1 : a.shard - b.shard));
    const lines = flags.json === true ? lags.map((lag) => JSON.stringify(lag)) : tableOf(lags);
    process.stdout.write(lines.map((line) => `${line}\n`).join(''));
    return EXIT.done;
  } catch (error) {
    throw toRedisError(error, log.name);
  } finally {
    log.close();
  }
}

async function lagsOf(client: RedisClient, keys: Keys, shard: number): Promise<GroupLag[]> {
  const key = keys.events(shard);
  if ((await client.exists(key)) === 0) return [];
  const [seconds, micros] = (await client.time()) as unknown as [string | number, string | number];
  const nowMs = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  const groups = (await client.xinfo('GROUPS', key)) as unknown[][];
  return Promise.all(
    groups.map(async (flat) => {
      const valueOf = (name: string) => flat[flat.indexOf(name) + 1];
      const group = String(valueOf('name'));
      const lag = flat.includes('lag') ? valueOf('lag') : null;
      const [, oldest] = await client.xpending(key, group);
      return {
        ...{ group, shard, consumers: Number(valueOf('consumers')), pending: Number(valueOf('pending')) },
        lag: lag === null ? undefined : Number(lag),
        oldestMs: typeof oldest === 'string' ? Math.max(0, nowMs - Number(oldest.split('-')[0])) : undefined,
        deadLetters: await client.xlen(keys.deadEvents(group, shard)),
      };
    }),
  );
}

function tableOf(lags: readonly GroupLag[]): string[] {
  if (lags.length === 0) return ['no consumer group reads this log'];
  const rows = [
    ['group', 'shard', 'consumers', 'to be delivered', 'unacknowledged', 'oldest of them', 'dead letters'],
    ...lags.map(({ group, shard, consumers, pending, lag, oldestMs, deadLetters }) => [
      ...[group, String(shard), String(consumers), lag === undefined ? '?' : String(lag), String(pending)],
      ...[oldestMs === undefined ? '-' : `${(oldestMs / 1000).toFixed(1)} s`, String(deadLetters)],
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .map(printable)
      .join('  ')
      .trimEnd(),
  );
}
