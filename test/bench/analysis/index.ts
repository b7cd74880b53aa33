import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
const REPEATS = 10;
const BATCH = 4;

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
 * /dev/null) and a bare onnxruntime session at the same batch, measured on a core that has the machine to itself, before and
 * after the run of the same round, since the speed of a shared machine drifts. Beside it stands the ratio to a bound measured
 * with as many of each as there are cores, whose memory they then share: what of the gap is the machine's, not ours.
 */
export async function benchAnalysis(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-bench-'));
  try {
    const clip = join(folder, 'clip.mp4');
    await run('ffmpeg', ['-v', 'error', '-stream_loop', String(REPEATS - 1), '-i', CLIP, '-c', 'copy', clip]);
    const cores = usableCores();
    const rounds = [];
    for (let round = 1; round <= ROUNDS; round++) {
      process.stderr.write(`round ${round} of ${ROUNDS}\n`);
      const before = await boundCosts(clip, cores);
      const pipeline = await runPipeline(clip, join(folder, 'events.jsonl'));
      const after = await boundCosts(clip, cores);
      const mean = (cost: keyof BoundCosts) => (before[cost] + after[cost]) / 2;
      const [ffmpegMs, sessionMs] = [mean('ffmpegMs'), mean('sessionMs')];
      const bound = (cores * 1000) / (ffmpegMs + sessionMs);
      const boundAlone = (cores * 1000) / mean('aloneMs');
      rounds.push({ ffmpegMs, sessionMs, bound, boundAlone, pipeline });
    }
    print(cores, rounds);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** CPU milliseconds a frame. */
interface BoundCosts {
  readonly ffmpegMs: number;
  readonly sessionMs: number;
  /** Both together, of a core that has the machine to itself. */
  readonly aloneMs: number;
}

async function boundCosts(clip: string, cores: number): Promise<BoundCosts> {
  const ffmpegMs = await bareFfmpegMs(clip, cores);
  const sessionMs = await bareSessionMs(cores);
  const aloneMs = (await bareFfmpegMs(clip, 1)) + (await bareSessionMs(1));
  return { ffmpegMs, sessionMs, aloneMs };
}

type Rounds = readonly {
  readonly ffmpegMs: number;
  readonly sessionMs: number;
  readonly bound: number;
  readonly boundAlone: number;
  readonly pipeline: PipelineRun;
}[];

function print(cores: number, rounds: Rounds): void {
  const of = (value: (round: Rounds[number]) => number, digits?: number) => spread(rounds.map(value), digits);
  const { frames, processes } = rounds[0]!.pipeline;
  console.log(
    `file analysis: ${MODEL}, ${frames} frames of 768x576 H.264, ${cores} cores, ${processes} processes, ${ROUNDS} rounds`,
  );
  console.log(
    table([
      ['', 'median (min–max)'],
      ['frames a second', of(({ pipeline }) => pipeline.framesPerSecond)],
      ['bound: frames a second', of(({ boundAlone }) => boundAlone)],
      [
        'ratio to the bound (budget 0.90)',
        of(({ pipeline, boundAlone }) => pipeline.framesPerSecond / boundAlone, 3),
      ],
      [
        'ratio to a bound measured on all cores at once',
        of(({ pipeline, bound }) => pipeline.framesPerSecond / bound, 3),
      ],
      ['bare FFmpeg, CPU ms a frame', of(({ ffmpegMs }) => ffmpegMs, 2)],
      [`bare session at batch ${BATCH}, CPU ms a frame`, of(({ sessionMs }) => sessionMs, 2)],
      ['FFmpeg, CPU ms a frame', of(({ pipeline }) => pipeline.cpuMsPerFrame.ffmpeg, 2)],
      ['inference processes, CPU ms a frame', of(({ pipeline }) => pipeline.cpuMsPerFrame.inference, 2)],
      ['main process, CPU ms a frame', of(({ pipeline }) => pipeline.cpuMsPerFrame.main, 2)],
      ['mean batch', of(({ pipeline }) => pipeline.meanBatch, 2)],
      ['event-loop delay p99, ms', of(({ pipeline }) => pipeline.eventLoopDelayP99Ms)],
      ['peak memory of all processes (PSS), MB', of(({ pipeline }) => pipeline.peakBytes / 1e6)],
    ]),
  );
}

const execute = promisify(execFile);

async function run(command: string, args: readonly string[]): Promise<string> {
  return (await execute(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 })).stdout;
}

/** Runs `copies` of a measurement at once; their mean. */
async function atOnce(copies: number, measure: () => Promise<number>): Promise<number> {
  const values = await Promise.all(Array.from({ length: copies }, measure));
  return values.reduce((sum, value) => sum + value, 0) / copies;
}

/** User and system time of FFmpeg alone, milliseconds a frame. */
async function bareFfmpegMs(clip: string, copies: number): Promise<number> {
  const { input } = await loadManifest(MODEL);
  const args = decodeArgs({ kind: 'file', location: clip, version: await probeFfmpeg(), input, maxFps: 240 });
  const options = [...args.inputOptions, '-benchmark', '-i', args.source, '-filter_complex', args.filter];
  return atOnce(copies, async () => {
    const shell = ['-c', 'exec ffmpeg "$@" 2>&1', 'sh', ...options, ...args.detectOptions, '-y', '/dev/null'];
    const log = await run('sh', shell);
    const [, user, system] = /bench: utime=([\d.]+)s stime=([\d.]+)s/.exec(log) ?? [];
    const frames = (log.match(/^\[showinfo@detect .*? n: *\d+ /gm) ?? []).length;
    return ((Number(user) + Number(system)) * 1000) / frames;
  });
}

/** `session.run` alone, CPU milliseconds a frame. */
async function bareSessionMs(copies: number): Promise<number> {
  const { file } = await loadManifest(MODEL);
  const script = join(packageRoot, 'test/bench/analysis/bare-session.cjs');
  return atOnce(copies, async () => {
    const line = await run(process.execPath, [script, file, FRAME, String(BATCH), '400']);
    return (JSON.parse(line) as { cpuMsPerFrame: number }).cpuMsPerFrame;
  });
}

async function runPipeline(clip: string, output: string): Promise<PipelineRun> {
  const script = join(packageRoot, 'test/bench/analysis/pipeline-run.cjs');
  const child = spawn(process.execPath, [script, clip, MODEL, String(BATCH), output], {
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
