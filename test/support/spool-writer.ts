import { createInterface } from 'node:readline';
import { createRedisSink } from '../../operators/sinks/redis-events';
import { startedEvent } from './events';

/** What the process is told as its only argument, in JSON. */
export interface SpoolWriterOptions {
  readonly url: string;
  readonly folder: string;
  readonly maxBytes?: number;
  readonly drainTimeoutMs?: number;
  readonly fence?: number;
  readonly cameras?: readonly string[];
}

/**
 * A process that writes events through the sink: `spool-writer.ts <options>`. Each line `<first> <count>` on stdin writes the events of
 * these numbers. Says `open`, `taken <number of events so far>` and whatever the sink tells. Closes the sink with its stdin.
 */
async function main(): Promise<void> {
  const { cameras = ['front'], fence, ...options } = JSON.parse(process.argv[2] ?? '') as SpoolWriterOptions;
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const { url, folder, maxBytes = 64 * 1024 * 1024, drainTimeoutMs = 1000 } = options;
  const sink = await createRedisSink({
    ...{ url, namespace: 'test', maxLen: 10_000_000, spool: { folder, maxBytes }, drainTimeoutMs },
    fenceOf: () => fence,
    replyTimeoutMs: 1000,
    onNotice: ({ level, message }) => say(`${level} ${message}`),
    onSuperseded: (camera, count) => say(`superseded ${camera} ${count}`),
  });
  say('open');
  let taken = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    const [first = 0, count = 0] = line.split(' ').map(Number);
    for (let n = first; n < first + count; n++) {
      await sink.write(startedEvent(n, cameras[n % cameras.length]));
      taken++;
    }
    say(`taken ${taken}`);
  }
  await sink.close();
  say(`closed ${JSON.stringify(sink.stats())}`);
}

void main();
