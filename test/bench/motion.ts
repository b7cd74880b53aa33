import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { defineConfig } from '../../config/define-config';
import { CPU_RUN_FRAMES } from '../../models/efficientvit/detector';
import { loadManifest } from '../../models/efficientvit/manifest';
import { packageRoot } from '../../models/support/package-root';
import { createMotionModel } from '../../operators/motion/motion-model';
import { spread, table } from './table';

const MODEL = 'efficientvit-b0-416x256';
const CLIP = join(packageRoot, 'config/examples/clips/plaza.mp4');
const FRAME = join(packageRoot, `test/golden/detector/${MODEL}.0.i420`);
const ROUNDS = 5;
const SESSION_FRAMES = 100;
/** The clip so many times a round. */
const REPEATS = 5;

/** What the motion gate adds to a frame, against what it may save: one inference, in the same run on the same machine. */
export async function benchMotion(): Promise<void> {
  const { file, input } = await loadManifest(MODEL);
  const pixels = decode(input);
  const frameBytes = (input.width * input.height * 3) / 2;
  const frames = Array.from({ length: pixels.length / frameBytes }, (_, index) =>
    pixels.subarray(index * frameBytes, (index + 1) * frameBytes),
  );
  const { config } = defineConfig({ cameras: { clip: { url: CLIP, motion: {} } } });
  const motionMs = () => {
    const model = createMotionModel(input, input.width, config.cameras['clip']!.motion!);
    const before = process.cpuUsage();
    for (let at = 0; at < REPEATS * frames.length; at++) model.update(at * 100, frames[at % frames.length]!);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / (REPEATS * frames.length);
  };

  motionMs();
  const rounds = Array.from({ length: ROUNDS }, () => ({ motion: motionMs(), session: sessionMs(file) }));
  const of = (value: (round: (typeof rounds)[number]) => number, digits: number) =>
    spread(rounds.map(value), digits);
  console.log(`motion gate: ${input.width}x${input.height}, a picture without padding, ${ROUNDS} rounds`);
  console.log(
    table([
      ['', 'median (min–max)'],
      ['motion gate, CPU ms a frame', of(({ motion }) => motion, 3)],
      [`bare session at batch ${CPU_RUN_FRAMES}, CPU ms a frame`, of(({ session }) => session, 2)],
      ['ratio (budget 0.05)', of(({ motion, session }) => motion / session, 4)],
    ]),
  );
}

/** The clip's pictures as I420, stretched over the whole input. */
function decode({ width, height }: { readonly width: number; readonly height: number }): Buffer {
  const filter = [
    '-vf',
    `scale=${width}:${height}:flags=area+accurate_rnd+full_chroma_inp+bitexact`,
    '-pix_fmt',
    'yuv420p',
  ];
  const args = ['-v', 'error', '-i', CLIP, ...filter, '-f', 'rawvideo', 'pipe:1'];
  return execFileSync('ffmpeg', args, { maxBuffer: 1 << 28 });
}

/** `session.run` alone, CPU milliseconds a frame. */
function sessionMs(model: string): number {
  const script = join(packageRoot, 'test/bench/analysis/bare-session.cjs');
  const args = [script, model, FRAME, String(CPU_RUN_FRAMES), String(SESSION_FRAMES)];
  const line = execFileSync(process.execPath, args, { encoding: 'utf8' });
  return (JSON.parse(line) as { cpuMsPerFrame: number }).cpuMsPerFrame;
}
