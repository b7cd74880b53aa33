import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CPU_RUN_FRAMES } from '../../../models/efficientvit/detector';
import { loadManifest } from '../../../models/efficientvit/manifest';
import { packageRoot } from '../../../models/support/package-root';
import { decodeArgs } from '../../../operators/sources/ffmpeg-args';
import { probeFfmpeg } from '../../../operators/support/ffmpeg-version';
import { usableCores } from '../../../workers/local/usable-cores';
import { watchTree } from '../process-tree';
import { spread, table } from '../table';

const MODEL = 'efficientvit-b0-416x256';
const CLIP = join(packageRoot, 'config/examples/clips/plaza.mp4');
const FRAME = join(packageRoot, `test/golden/detector/${MODEL}.0.i420`);
const ROUNDS = 3;
/** The clip so many times: long enough that start-up is a small part. */
const REPEATS = 20;
/** Frames before the measurement begins: V8 compiles what runs often for half a minute at this rate. */
const WARM_UP = 2400;
/** As the pipeline's default. */
const BATCH = 4;
const CLIP_FPS = 10;
/** Of the pipeline's own inference processes. */
const SESSION_NICENESS = 10;

interface PipelineRun {
  readonly state: string;
  readonly frames: number;
  readonly framesPerSecond: number;
  readonly meanBatch: number;
  readonly processes: number;
  readonly eventLoopDelayP99Ms: number;
  readonly cpuMsPerFrame: { readonly main: number; readonly ffmpeg: number; readonly inference: number };
  readonly peakBytes: number;
}

/**
 * File analysis against what this machine could do at best: all its cores busy with nothing but FFmpeg (our filters, to
 * /dev/null) and bare onnxruntime sessions at the same batch, doing the same work at the same rate at the same time. That
 * bound is measured before and after every run, since the speed of a shared machine drifts. Beside it stands a bound from
 * the costs of each part on a machine it has to itself, which no program reaches: cores that work at once share caches and
 * memory, and the row before it says how much of it the bare parts themselves reach.
 */
export async function benchAnalysis(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-bench-'));
  try {
    const clip = join(folder, 'clip.mp4');
    await run('ffmpeg', ['-v', 'error', '-stream_loop', String(REPEATS - 1), '-i', CLIP, '-c', 'copy', clip]);
    const cores = usableCores();
    const rounds: Round[] = [];
    process.stderr.write('warm-up\n');
    const { frames, framesPerSecond } = await runPipeline(clip, join(folder, 'events.jsonl'));
    let before = await bareTogether({ clip, cores, frames, framesPerSecond });
    for (let round = 1; round <= ROUNDS; round++) {
      process.stderr.write(`round ${round} of ${ROUNDS}\n`);
      const alone = await bareAlone(clip);
      const pipeline = await runPipeline(clip, join(folder, 'events.jsonl'));
      const after = await bareTogether({ clip, cores, ...pipeline });
      rounds.push({ alone, together: meanOf(before, after), pipeline });
      before = after;
    }
    print(cores, rounds);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** CPU milliseconds a frame of the bare parts. */
interface BareCosts {
  readonly ffmpegMs: number;
  readonly sessionMs: number;
}

interface Round {
  readonly alone: BareCosts;
  readonly together: BareCosts;
  readonly pipeline: PipelineRun;
}

function meanOf(a: BareCosts, b: BareCosts): BareCosts {
  return { ffmpegMs: (a.ffmpegMs + b.ffmpegMs) / 2, sessionMs: (a.sessionMs + b.sessionMs) / 2 };
}

async function bareAlone(clip: string): Promise<BareCosts> {
  const ffmpegMs = await bareFfmpegMs(clip);
  return { ffmpegMs, sessionMs: await bareSessionMs(400) };
}

/** The work of a run by the bare parts: one FFmpeg at the run's rate, and a session a core at the pipeline's own priority. */
async function bareTogether(work: {
  clip: string;
  cores: number;
  frames: number;
  framesPerSecond: number;
}): Promise<BareCosts> {
  const { clip, cores, frames, framesPerSecond } = work;
  const sessions = Array.from({ length: cores }, () =>
    bareSessionMs(Math.round(frames / cores), SESSION_NICENESS),
  );
  const [ffmpegMs, ...sessionsMs] = await Promise.all([
    bareFfmpegMs(clip, framesPerSecond / CLIP_FPS),
    ...sessions,
  ]);
  return { ffmpegMs, sessionMs: sessionsMs.reduce((sum, value) => sum + value, 0) / cores };
}

function print(cores: number, rounds: readonly Round[]): void {
  const of = (value: (round: Round) => number, digits?: number) => spread(rounds.map(value), digits);
  const bound = ({ ffmpegMs, sessionMs }: BareCosts) => (cores * 1000) / (ffmpegMs + sessionMs);
  const { frames, processes } = rounds[0]!.pipeline;
  console.log(
    `file analysis: ${MODEL}, ${frames} frames of 768x576 H.264, ${cores} cores, ${processes} processes, ${ROUNDS} rounds`,
  );
  console.log(
    table([
      ['', 'median (min–max)'],
      ['frames a second', of(({ pipeline }) => pipeline.framesPerSecond)],
      ['bound, bare parts at work together: frames a second', of(({ together }) => bound(together))],
      [
        'ratio to the bound (budget 0.90)',
        of(({ pipeline, together }) => pipeline.framesPerSecond / bound(together), 3),
      ],
      ['bound from each bare part alone: frames a second', of(({ alone }) => bound(alone))],
      ['of it the bare parts together reach', of(({ alone, together }) => bound(together) / bound(alone), 3)],
      ['of it the pipeline reaches', of(({ pipeline, alone }) => pipeline.framesPerSecond / bound(alone), 3)],
      ['FFmpeg, CPU ms a frame', of(({ pipeline }) => pipeline.cpuMsPerFrame.ffmpeg, 2)],
      ['  bare, together / alone', pairOf(rounds, 'ffmpegMs')],
      ['inference processes, CPU ms a frame', of(({ pipeline }) => pipeline.cpuMsPerFrame.inference, 2)],
      [`  bare session at batch ${CPU_RUN_FRAMES}, together / alone`, pairOf(rounds, 'sessionMs')],
      ['main process, CPU ms a frame', of(({ pipeline }) => pipeline.cpuMsPerFrame.main, 2)],
      ['mean batch', of(({ pipeline }) => pipeline.meanBatch, 2)],
      ['event-loop delay p99, ms', of(({ pipeline }) => pipeline.eventLoopDelayP99Ms)],
      ['peak memory of all processes (PSS), MB', of(({ pipeline }) => pipeline.peakBytes / 1e6)],
    ]),
  );
}

function pairOf(rounds: readonly Round[], cost: keyof BareCosts): string {
  const of = (kind: 'together' | 'alone') =>
    spread(
      rounds.map((round) => round[kind][cost]),
      2,
    );
  return `${of('together')} / ${of('alone')}`;
}

const execute = promisify(execFile);

async function run(command: string, args: readonly string[]): Promise<string> {
  return (await execute(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 })).stdout;
}

/** User and system time of FFmpeg to /dev/null, milliseconds a frame; as fast as it can, or at a multiple of real time. */
async function bareFfmpegMs(clip: string, readRate?: number): Promise<number> {
  const { input } = await loadManifest(MODEL);
  const args = decodeArgs({ kind: 'file', location: clip, version: await probeFfmpeg(), input, maxFps: 240 });
  const rate = readRate === undefined ? [] : ['-readrate', readRate.toFixed(2)];
  const options = [
    ...args.inputOptions,
    ...rate,
    '-benchmark',
    '-i',
    args.source as string,
    '-filter_complex',
    args.filter,
  ];
  const shell = ['-c', 'exec ffmpeg "$@" 2>&1', 'sh', ...options, ...args.outputs.flat(), '-y', '/dev/null'];
  const log = await run('sh', shell);
  const [, user, system] = /bench: utime=([\d.]+)s stime=([\d.]+)s/.exec(log) ?? [];
  const frames = (log.match(/^\[showinfo@detect .*? n: *\d+ /gm) ?? []).length;
  return ((Number(user) + Number(system)) * 1000) / frames;
}

/** `session.run` alone, CPU milliseconds a frame. */
async function bareSessionMs(frames: number, niceness = 0): Promise<number> {
  const { file } = await loadManifest(MODEL);
  const script = join(packageRoot, 'test/bench/analysis/bare-session.cjs');
  const args = [script, file, FRAME, String(CPU_RUN_FRAMES), String(frames)];
  const line = await run('nice', ['-n', String(niceness), process.execPath, ...args]);
  return (JSON.parse(line) as { cpuMsPerFrame: number }).cpuMsPerFrame;
}

async function runPipeline(clip: string, output: string): Promise<PipelineRun> {
  const script = join(packageRoot, 'test/bench/analysis/pipeline-run.cjs');
  const child = spawn(process.execPath, [script, clip, MODEL, String(BATCH), output, String(WARM_UP)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const watch = watchTree(child.pid!);
  let line = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (line += text));
  const code = await new Promise((resolve) => child.once('close', resolve));
  const { peakBytes } = watch.stop();
  if (code !== 0) throw new Error(`pipeline-run: expected exit code 0, got ${String(code)}`);
  const result = JSON.parse(line) as PipelineRun;
  if (result.state !== 'completed') throw new Error(`pipeline-run: expected completed, got ${result.state}`);
  return { ...result, peakBytes };
}
