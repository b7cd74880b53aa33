import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../../models/support/package-root';
import { usableCores } from '../../../workers/local/usable-cores';
import { startRedisServer } from '../../support/redis-server';
import { spread, table } from '../table';
import { MODEL, startWorkers } from './lab';

const CLIP = join(packageRoot, 'config/examples/clips/plaza.mp4');
const ROUNDS = 3;
/** The clip so many times, the first ones not measured: V8 compiles what runs often meanwhile. */
const REPEATS = 16;
const WARM_UP = 1600;
const BATCH = 4;

const PARTS = ['main', 'ffmpeg', 'inference', 'worker', 'redis'] as const;

interface AnalysisRun {
  readonly state: string;
  readonly frames: number;
  readonly framesPerSecond: number;
  readonly cpuMsPerFrame: Readonly<Record<(typeof PARTS)[number], number>>;
  readonly meanJob: number;
  readonly redisFrames: number;
}

interface Round {
  readonly local: AnalysisRun;
  readonly queue: AnalysisRun;
}

/** The same file, model and number of inference processes, in one process and through queue and shared memory, in turn. */
export async function compareWithLocal(folder: string): Promise<void> {
  const clip = join(folder, 'clip.mp4');
  await run('ffmpeg', ['-v', 'error', '-stream_loop', String(REPEATS - 1), '-i', CLIP, '-c', 'copy', clip]);
  const rounds: Round[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    process.stderr.write(`queue against local: round ${round} of ${ROUNDS}\n`);
    rounds.push({ local: await analyse(clip, folder), queue: await analyseByQueue(clip, folder) });
  }
  print(rounds);
}

const cpuOf = ({ cpuMsPerFrame }: AnalysisRun) => PARTS.reduce((sum, part) => sum + cpuMsPerFrame[part], 0);

function print(rounds: readonly Round[]): void {
  const of = (value: (round: Round) => number, digits = 2) => spread(rounds.map(value), digits);
  console.log(
    `queue on one host against local: ${MODEL}, ${rounds[0]!.local.frames} frames, ${usableCores()} inference processes, ${ROUNDS} rounds`,
  );
  console.log(
    table([
      ['', 'median (min–max)'],
      ['local, frames a second', of(({ local }) => local.framesPerSecond, 1)],
      ['queue, frames a second', of(({ queue }) => queue.framesPerSecond, 1)],
      ['ratio (budget 0.85)', of(({ local, queue }) => queue.framesPerSecond / local.framesPerSecond, 3)],
      ['CPU ms a frame of all processes, local', of(({ local }) => cpuOf(local))],
      ['CPU ms a frame of all processes, queue', of(({ queue }) => cpuOf(queue))],
      ['  added by the queue (budget 1)', of(({ local, queue }) => cpuOf(queue) - cpuOf(local))],
      [
        '  of it in the processes that the queue is made of',
        of(({ local, queue }) => {
          const { main, worker, redis } = queue.cpuMsPerFrame;
          return main + worker + redis - local.cpuMsPerFrame.main;
        }),
      ],
      ...PARTS.map((part) => [
        `  ${part}, local / queue`,
        `${of(({ local }) => local.cpuMsPerFrame[part])} / ${of(({ queue }) => queue.cpuMsPerFrame[part])}`,
      ]),
      ['mean job, frames', of(({ queue }) => queue.meanJob)],
      ['frames that went through Redis', of(({ queue }) => queue.redisFrames, 0)],
    ]),
  );
}

async function analyseByQueue(clip: string, folder: string): Promise<AnalysisRun> {
  const redis = await startRedisServer(['--appendonly', 'no']);
  try {
    const worker = await startWorkers(redis.url, {
      ...{ workers: 1, processes: usableCores(), manifest: MODEL, batch: BATCH },
    });
    const result = await analyse(clip, folder, [redis.url, String(worker.pids[0]), String(redis.pid)]);
    await worker.stop();
    return result;
  } finally {
    await redis.close();
  }
}

async function analyse(clip: string, folder: string, queue: readonly string[] = []): Promise<AnalysisRun> {
  const script = join(packageRoot, 'test/bench/queue/analysis-run.cjs');
  const args = [clip, MODEL, String(BATCH), join(folder, 'events.jsonl'), String(WARM_UP), ...queue];
  const result = JSON.parse(await run(process.execPath, [script, ...args])) as AnalysisRun;
  if (result.state !== 'completed') throw new Error(`analysis-run: expected completed, got ${result.state}`);
  return result;
}

async function run(command: string, args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 })).stdout;
}
