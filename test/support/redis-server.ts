import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { closedPort } from './closed-port';

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** Ends the server as an operator would; what it holds stays on disk. */
  stop(): Promise<void>;
  /** Ends the server as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on the same port with what was on disk; resolves when it answers. */
  start(): Promise<void>;
  /** The same with nothing on disk: a server that lost its data. */
  startEmpty(): Promise<void>;
  /** Stops and continues the process, whose connections stay open: a server that hangs. */
  freeze(): void;
  thaw(): void;
  /** Ends the server and removes what it wrote. */
  close(): Promise<void>;
}

export interface RedisServerOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** A configuration file, which the server may rewrite, for what cannot be an argument. */
  readonly config?: string;
  /** What it prints when it is ready; a sentinel says something else. */
  readonly ready?: RegExp;
}

/**
 * A redis-server of its own: a free port of loopback, a temporary folder, every write on disk before it is confirmed.
 * `args` are further arguments, such as `['--requirepass', 'secret']`.
 */
export async function startRedisServer(
  args: readonly string[] = [],
  options: RedisServerOptions = {},
): Promise<RedisServer> {
  const { config, ready = /Ready to accept connections/ } = options;
  const folder = mkdtempSync(join(tmpdir(), 'sightline-redis-'));
  const port = options.port ?? (await closedPort());
  const configFile = config === undefined ? [] : [join(folder, 'redis.conf')];
  for (const path of configFile) writeFileSync(path, config!);
  let child: ChildProcess;

  async function start(): Promise<void> {
    const persistence = ['--dir', folder, '--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];
    const address = ['--port', String(port), '--bind', '127.0.0.1'];
    child = spawn('redis-server', [...configFile, ...address, ...persistence, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await answering(child, ready);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  // A test run that is cut short must not leave a server behind.
  const killNow = () => void child.kill('SIGKILL');
  process.on('exit', killNow);
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${String(port)}`,
    get pid() {
      return child.pid!;
    },
    start,
    startEmpty() {
      rmSync(join(folder, 'appendonlydir'), { recursive: true, force: true });
      return start();
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async close() {
      await end('SIGKILL');
      process.off('exit', killNow);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when the server says so; rejects with its last words when it ends instead. */
function answering(child: ChildProcess, ready: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let last = '';
    createInterface({ input: child.stdout! }).on('line', (line) => {
      last = line;
      if (ready.test(line)) resolve();
    });
    child.once('exit', (code) =>
      reject(new Error(`redis-server: expected it to start, got exit code ${code}: ${last}`)),
    );
    child.once('error', reject);
  });
}
