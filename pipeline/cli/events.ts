import type { Command } from 'commander';
import { parseRedisUrl, redisName } from '../../models/support/redis-url';
import { subscribeEvents } from '../client/subscribe';
import type { Delivery, EventSubscription, SubscribeOptions } from '../client/types';
import { describeEvent, hasColours } from './describe-event';
import { addLogFlags, logPlace, timeFlag } from './events-flags';
import type { LogFlags, LogPlace } from './events-flags';
import { addLagCommand } from './events-lag';
import { addReplayCommand } from './events-replay';
import { createLineWriter } from './line-writer';
import { printable } from './printable';
import { openLog } from './open-log';
import { catchStopSignals } from './signals';
import { EXIT, UsageError, listFlag, numberFlag } from './usage';

interface EventsFlags extends LogFlags {
  readonly follow?: boolean;
  readonly since?: string;
  readonly camera?: string;
  readonly type?: string;
  readonly group?: string;
  readonly consumer?: string;
  readonly limit?: string;
  readonly json?: boolean;
}

/** `sightline events`: what the event log holds, and what comes. */
export function addEventsCommand(program: Command): void {
  const events = addLogFlags(
    program
      .command('events')
      .description('print the events of the log in Redis: one line an event, or JSON Lines in a pipe'),
  )
    .option('-f, --follow', 'go on with what comes')
    .option(
      '--since <time>',
      'from 10m (ago) or 2026-05-01T12:00:00Z on (default: all; with --follow and no --group: what comes)',
    )
    .option('--camera <names>', 'of these cameras')
    .option('--type <types>', 'of these types: track.started,zone.*')
    .option('--group <name>', 'share the events with other consumers of this group, and acknowledge them')
    .option('--consumer <name>', 'name within the group (default: a new one)')
    .option('--limit <n>', 'end after so many events')
    .option('--json', 'JSON Lines also on a terminal')
    .action(async (flags: EventsFlags) => {
      process.exitCode = await printEvents(flags);
    });
  addReplayCommand(events);
  addLagCommand(events);
  for (const command of events.commands) command.exitOverride();
}

const MAX_IN_FLIGHT = 100;

async function printEvents(flags: EventsFlags): Promise<number> {
  const { follow = false, group, consumer, json } = flags;
  const limit =
    numberFlag('--limit', flags.limit, { min: 1, max: Number.MAX_SAFE_INTEGER, isWhole: true }) ?? Infinity;
  const since = timeFlag('--since', flags.since);
  const types = listFlag('--type', flags.type);
  const cameras = listFlag('--camera', flags.camera);
  if (consumer !== undefined && group === undefined)
    throw new UsageError('--consumer: expected --group as well, got a consumer alone');
  const isJson = json === true || !process.stdout.isTTY;
  const inColour = hasColours(process.stdout);
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  const place = logPlace('events', flags);
  // Who asks for what is there is told that nothing is; who follows waits.
  if (!follow) (await openLog(place)).close();
  const stop = catchStopSignals(() => undefined);
  const out = createLineWriter(process.stdout, 'standard output');
  const told = new Set<string>();
  const events = subscribe({
    ...place,
    from: since !== undefined ? { since } : follow && group === undefined ? 'now' : 'oldest',
    signal: stop.signal,
    // What is read beyond the limit has to wait for another consumer.
    maxInFlight: Math.min(MAX_IN_FLIGHT, limit),
    onTrouble({ message }) {
      if (!told.has(message) && told.size < 100) say(`sightline: ${message}; trying again`);
      told.add(message);
    },
    ...(!follow && { to: 'now' as const }),
    ...(group !== undefined && { group }),
    ...(consumer !== undefined && { consumer }),
    ...(types !== undefined && { types }),
    ...(cameras !== undefined && { cameras }),
  });
  let printed = 0;
  try {
    for await (const delivery of events) {
      if (delivery.kind === 'gap' || delivery.kind === 'malformed') say(`sightline: ${inWords(delivery)}`);
      if (delivery.kind === 'gap') continue;
      const line = delivery.kind === 'malformed' ? undefined : lineOf(delivery, isJson, inColour);
      if (line !== undefined) {
        if (!(await out.write(line))) break;
        printed++;
      } else if (delivery.kind === 'event') {
        say(
          `sightline: entry ${delivery.entryId}: expected the fields of ${delivery.event.type}, got others`,
        );
      }
      const acknowledged = delivery.ack();
      if (printed < limit) continue;
      await acknowledged;
      break;
    }
  } finally {
    await events.close();
    stop.release();
  }
  if (printed === 0 && !follow && process.stderr.isTTY) say(`sightline: ${emptiness(place, group)}`);
  return EXIT.done;
}

/** What a person is told who would see nothing at all; the name of a namespace, camera or type may be mistyped. */
function emptiness({ url, namespace }: LogPlace, group: string | undefined): string {
  const address = parseRedisUrl(url);
  const where = `${namespace}:events${address === undefined ? '' : ` at ${redisName(address)}`}`;
  return `no such events in ${where}${group === undefined ? '' : ` that group ${group} was not given before`}`;
}

/** Throws a UsageError for names that are none. */
function subscribe(options: SubscribeOptions): EventSubscription {
  try {
    return subscribeEvents(options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(error.message.replace(/^subscribeEvents: /, '--'));
  }
}

/** Undefined for an event that has other fields than its type. */
function lineOf(
  delivery: Exclude<Delivery, { readonly kind: 'gap' | 'malformed' }>,
  isJson: boolean,
  inColour: boolean,
): string | undefined {
  if (isJson) return JSON.stringify(delivery.event);
  if (delivery.kind === 'unknown')
    return printable(`${delivery.camera} ${delivery.type}: an event that is newer than this version`);
  try {
    return describeEvent(delivery.event, { inColour, withDate: true });
  } catch {
    // The client does not look into data that others wrote.
    return undefined;
  }
}

function inWords(delivery: Extract<Delivery, { readonly kind: 'gap' | 'malformed' }>): string {
  if (delivery.kind === 'malformed')
    return `entry ${delivery.entryId}: ${delivery.reason}, got something else`;
  if (delivery.reason === 'reset') return 'the log was begun anew: Redis lost what it held';
  const { missing } = delivery;
  return `${missing === undefined ? 'some events are' : missing === 1 ? '1 event is' : `${missing} events are`} missing: they were trimmed before they were read`;
}
