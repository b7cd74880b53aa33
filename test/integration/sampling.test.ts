import { firstValueFrom, toArray } from 'rxjs';
import { ffmpegFrames } from '../../operators/sources/ffmpeg-frames';
import { makeVideo } from '../fixtures/make-video';
import { tempFolder } from '../support/temp-folder';

const folder = tempFolder();

describe('sampling of four seconds', () => {
  it.each([
    [25, 5, 20],
    [25, 8, 32],
    [25, 10, 40],
    [25, 20, 80],
    [25, 25, 100],
    [25, 60, 100],
    [10, 10, 40],
    [10, 5, 20],
    [30, 10, 40],
    [30, 7, 28],
  ])('at %i frames a second takes, asked for %i, very nearly %i', async (fps, maxFps, expected) => {
    const path = await makeVideo.plain(folder, { size: '64x48', fps, seconds: 4 });
    const frames = ffmpegFrames({
      request: { kind: 'file', location: path, input: { width: 416, height: 256 }, maxFps },
      mode: 'recorded',
      detectBuffers: 200,
    });
    const taken = await firstValueFrom(frames.pipe(toArray()));
    expect(Math.abs(taken.length - expected)).toBeLessThanOrEqual(1);
  });
});
