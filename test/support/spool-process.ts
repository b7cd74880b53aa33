import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { SpoolWriterOptions } from './spool-writer';
import { waitFor } from './wait-for';

/** A process that writes events to Redis, and may be killed at any moment. */
export interface SpoolProcess {
  readonly child: ChildProcess;
  /** Resolves when its sink is open, or it has ended. */
  readonly opened: Promise<unknown>;
  /** What it said. */
  readonly lines: readonly string[];
  /** Has it write so many events; resolves when the sink has taken them all. */
  write(first: number, count: number): Promise<void>;
  kill(): Promise<void>;
  /** Closes the sink in good order. */
  end(): Promise<void>;
}

const SCRIPT = join(__dirname, 'spool-writer.ts');

/** Starts one. `limit` is a line of a shell, which then becomes the process, such as `ulimit -f 100`. */
export function startSpoolProcess(options: SpoolWriterOptions, limit = ':'): SpoolProcess {
  const command = [process.execPath, '--require', 'tsx/cjs', SCRIPT, JSON.stringify(options)];
  const child = spawn('sh', ['-c', `${limit}; exec "$@"`, 'sh', ...command], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  let asked = 0;
  // When nobody writes to its output any more: of a process in a container it is not the first one that counts.
  const exited = once(child, 'close');
  return {
    child,
    opened: waitFor(() => lines.includes('open') || child.exitCode !== null || child.signalCode !== null, {
      what: 'the sink to open',
      timeoutMs: 20_000,
    }),
    lines,
    async write(first, count) {
      asked += count;
      child.stdin.write(`${first} ${count}\n`);
      await waitFor(() => lines.includes(`taken ${asked}`), {
        what: `${asked} events to be taken`,
        timeoutMs: 30_000,
      });
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async end() {
      child.stdin.end();
      await exited;
    },
  };
}
