/**
 * Counts who crosses each line, and keeps the counts in a file: each crossing once, also when it is killed at any moment.
 *
 *     npx tsx config/examples/consumers/typescript/count-crossings.mts counts.json redis://127.0.0.1:6379
 *
 * It belongs to no group: it sees every event, and remembers by a token how far it has come. Counts and token are written in one
 * step, so that they always agree. What else programs can do with the events stands in the README, under Events.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isEvent, subscribeEvents } from 'sightline';

interface State {
  /** By camera and line. */
  readonly counts: Record<string, { in: number; out: number }>;
  /** Behind the last event that is counted. */
  token?: string;
}

const given = process.argv.slice(2);
const once = given.at(-1) === '--once' && given.pop() !== undefined;
const [file, url = 'redis://127.0.0.1:6379', ...more] = given;
if (file === undefined || file.startsWith('-') || url.startsWith('-') || more.length > 0) {
  console.error('expected: count-crossings.mts counts.json [redis://host:6379] [--once]');
  process.exit(2);
}

const state: State = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as State) : { counts: {} };
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());

const events = subscribeEvents({
  url,
  types: ['line.crossed'],
  from: state.token === undefined ? 'oldest' : { after: state.token },
  signal: stopping.signal,
  onTrouble: ({ message }) => console.error(message),
  ...(once && { to: 'now' }),
});

for await (const delivery of events) {
  if (delivery.kind === 'gap') {
    console.error(`${delivery.missing ?? 'some'} events are gone: the counts may be too low`);
    continue;
  }
  if (isEvent(delivery, 'line.crossed')) {
    const { camera, line, direction } = delivery.event.data;
    const counts = (state.counts[`${camera}/${line}`] ??= { in: 0, out: 0 });
    counts[direction]++;
    console.log(`${camera}/${line}: ${counts.in} in, ${counts.out} out`);
  }
  state.token = delivery.token;
  writeFileSync(`${file}.new`, JSON.stringify(state));
  renameSync(`${file}.new`, file);
  void delivery.ack();
}
