import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../../models/support/package-root';

const CLIP = join(packageRoot, 'config/examples/clips/plaza.mp4');

/** Pictures a second of the scene, as cameras are delivered. */
export const SCENE_FPS = 25;

const MOVING_FROM_S = 15.5;
const MOVING_S = 3;
const END_S = 24;

/** Stretches of the scene in seconds: what was before the first is warm-up. */
export const STRETCHES = {
  still: { fromS: 6, untilS: 14 },
  moving: { fromS: 15, untilS: 23 },
} as const;

export type Stretch = keyof typeof STRETCHES;

/**
 * Writes 24 seconds of 1920x1080 H.264 as a camera sends it (High, 25 fps, a key frame every two seconds, no B-frames, 4 Mbit/s):
 * the bundled plaza without its people, three seconds with them, and without them again, all with the noise of a sensor. Without
 * them it is the median of pictures spread over the clip. Gives the path.
 */
export async function drawScene(folder: string): Promise<string> {
  const file = join(folder, 'scene.mp4');
  const still = (seconds: number) =>
    `loop=loop=${seconds * SCENE_FPS - 1}:size=1,setpts=N/${SCENE_FPS}/TB,fps=${SCENE_FPS}`;
  const graph = [
    '[0:v]crop=iw:iw*9/16,scale=1920:1080:flags=bicubic,split[a][b]',
    `[a]fps=${SCENE_FPS},trim=end=${MOVING_S},setpts=PTS-STARTPTS[moving]`,
    '[b]select=not(mod(n\\,8)),tmedian=radius=12,trim=end_frame=1,split[c][d]',
    `[c]${still(MOVING_FROM_S)}[before]`,
    `[d]${still(END_S - MOVING_FROM_S - MOVING_S)}[after]`,
    '[before][moving][after]concat=n=3:v=1,noise=alls=6:allf=t:all_seed=1,format=yuv420p',
  ];
  const x264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high', '-bf', '0'];
  const keys = ['-g', `${2 * SCENE_FPS}`, '-keyint_min', `${2 * SCENE_FPS}`, '-sc_threshold', '0'];
  const rate = ['-r', `${SCENE_FPS}`, '-b:v', '4M', '-maxrate', '4M', '-bufsize', '8M'];
  const args = ['-i', CLIP, '-filter_complex', graph.join(';'), ...x264, ...keys, ...rate, '-y', file];
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-nostdin', ...args]);
  return file;
}
