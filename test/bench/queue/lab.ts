import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../../models/support/package-root';
import { createRedis } from '../../../models/support/redis';
import { startRedisServer } from '../../support/redis-server';

export const MODEL = 'efficientvit-b0-416x256';
const WEIGHTS = join(packageRoot, 'models/efficientvit/weights');

/** What `load.cjs` prints. */
export interface LoadResult {
  readonly frames: number;
  readonly failed: number;
  readonly framesPerSecond: number;
  readonly meanJob: number;
  readonly retries: number;
  readonly redisFrames: number;
  readonly shmFrames: number;
  readonly cpuMsPerFrame: { readonly ingest: number; readonly workers: number; readonly redis: number };
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /** Most memory that Redis used, less what it used before. */
  readonly redisPeakBytes: number;
}

export interface LoadOptions {
  /** Path of a manifest, or the name of a bundled model. */
  readonly manifest: string;
  readonly workers: number;
  readonly batch: number;
  readonly store: 'auto' | 'redis';
  readonly cameras: number;
  readonly inFlight?: number;
  /** Frames a second in all; 0: as fast as they are taken. */
  readonly rate: number;
  readonly frames: number;
  readonly warmUp: number;
}

/**
 * A copy of the model that waits for `delayMs` a batch in place of running, using no CPU, as for a device that is elsewhere.
 * Returns the manifest's path.
 */
export function deviceBoundModel(folder: string, delayMs: number): string {
  const manifest = JSON.parse(readFileSync(join(WEIGHTS, `${MODEL}.manifest.json`), 'utf8')) as {
    file: string;
  };
  cpSync(join(WEIGHTS, manifest.file), join(folder, manifest.file));
  const path = join(folder, `delay-${delayMs}.manifest.json`);
  const fault = { kind: 'delay', afterFrames: 0, delayMs, runsModel: false };
  writeFileSync(path, JSON.stringify({ ...manifest, fault }));
  return path;
}

/** `sightline worker` processes (one inference process each, unless told otherwise); resolves when all take jobs. */
export async function startWorkers(
  url: string,
  {
    workers,
    manifest,
    batch,
    processes = 1,
  }: Pick<LoadOptions, 'workers' | 'manifest' | 'batch'> & { readonly processes?: number },
): Promise<{ readonly pids: readonly number[]; stop(): Promise<void> }> {
  const main = join(packageRoot, 'dist/pipeline/cli/main.js');
  const args = [
    '--queue',
    url,
    '--model',
    manifest,
    '--batch',
    String(batch),
    '--processes',
    String(processes),
  ];
  const children = Array.from({ length: workers }, () =>
    spawn(process.execPath, [main, 'worker', ...args], { stdio: ['ignore', 'ignore', 'pipe'] }),
  );
  for (const child of children) await serving(child);
  return {
    pids: children.map(({ pid }) => pid!),
    async stop() {
      await Promise.all(
        children.map((child) => {
          const ended = new Promise((resolve) => child.once('close', resolve));
          child.kill('SIGTERM');
          return ended;
        }),
      );
    },
  };
}

function serving(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000);
      if (said.includes('looks at frames')) resolve();
    });
    child.once('exit', (code) =>
      reject(new Error(`worker: expected it to serve, got exit code ${code}: ${said}`)),
    );
  });
}

/** Runs a load against workers and a Redis of its own. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const redis = await startRedisServer(['--appendonly', 'no']);
  const client = createRedis({ url: redis.url, role: 'consumer', purpose: 'bench' });
  const memory = async (field: string) =>
    Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(await client.info('memory'))?.[1]);
  try {
    const workers = await startWorkers(redis.url, options);
    const before = await memory('used_memory');
    const script = join(packageRoot, 'test/bench/queue/load.cjs');
    const load = { ...options, url: redis.url, workerPids: workers.pids, redisPid: redis.pid };
    const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(load)]);
    const redisPeakBytes = (await memory('used_memory_peak')) - before;
    await workers.stop();
    return { ...(JSON.parse(stdout) as Omit<LoadResult, 'redisPeakBytes'>), redisPeakBytes };
  } finally {
    client.disconnect();
    await redis.close();
  }
}
