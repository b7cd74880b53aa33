import { createStreamReader } from '../../../operators/sources/decoder-notes';

describe('createStreamReader', () => {
  it.each([
    [
      '[info]   Stream #0:0: Video: h264 (Main), yuv420p(progressive), 768x576, 25 fps, 25 tbr, 90k tbn',
      { codec: 'h264', fps: 25 },
    ],
    [
      '[info]   Stream #0:1: Video: hevc (Main), yuv420p(tv, bt709), 1920x1080, 12.50 fps, 90k tbn',
      { codec: 'hevc', fps: 12.5 },
    ],
    ['[info]   Stream #0:0[0x1](und): Video: mjpeg, yuvj420p(pc), 640x480, 90k tbr', { codec: 'mjpeg' }],
  ])('reads %s', (line, announced) => {
    const read = createStreamReader();
    expect(read('[info] Input #0, rtsp, from ...:')).toBeUndefined();
    expect(read('[info]   Stream #0:0: Audio: pcm_mulaw, 8000 Hz, mono, s16, 64 kb/s')).toBeUndefined();
    expect(read(line)).toEqual(announced);
  });

  it('takes the first stream alone: those of the output follow', () => {
    const read = createStreamReader();
    read('[info]   Stream #0:0: Video: h264 (Main), 25 fps');
    expect(read('[info]   Stream #0:0: Video: rawvideo (I420 / 0x30323449), 25 fps')).toBeUndefined();
  });
});
