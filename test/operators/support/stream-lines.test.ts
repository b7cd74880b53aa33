import fc from 'fast-check';
import { createPacketDumpParser, createStreamLineParser } from '../../../operators/support/stream-lines';

const INPUT = "[info] Input #0, rtsp, from 'rtsp://h/s':";

function streamOf(line: string, ...before: readonly string[]) {
  const parse = createStreamLineParser();
  for (const text of [INPUT, ...before]) parse(text);
  return parse(line);
}

describe('createStreamLineParser', () => {
  it.each([
    [
      '[info]   Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p(progressive), 768x576, 481 kb/s, 10 fps, 10 tbr, 10240 tbn (default)',
      { index: 0, type: 'video', codec: 'h264', profile: 'High', fps: 10 },
    ],
    // FFmpeg 4.
    [
      '[info]     Stream #0:0(und): Video: hevc (Main 10) (hvc1 / 0x31637668), yuv420p10le(tv), 3840x2160 [SAR 1:1 DAR 16:9], 29.97 fps',
      { index: 0, type: 'video', codec: 'hevc', profile: 'Main 10', fps: 29.97 },
    ],
    // A camera whose SDP has no parameter sets: FFmpeg guesses a rate from its time base, which says nothing.
    ['[info]   Stream #0:0: Video: h264, none, 90k tbr, 90k tbn', { index: 0, type: 'video', codec: 'h264' }],
    [
      '[info]   Stream #0:1[0x2](eng): Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz, mono, fltp, 69 kb/s',
      { index: 1, type: 'audio', codec: 'aac', profile: 'LC' },
    ],
    ['[info]   Stream #0:1: Audio: pcm_alaw, 8000 Hz, mono', { index: 1, type: 'audio', codec: 'pcm_alaw' }],
    [
      '[info]   Stream #0:0: Video: rawvideo, 8x8, 1k fps',
      { index: 0, type: 'video', codec: 'rawvideo', fps: 1000 },
    ],
    // A profile without a name beside a tag of a container is none.
    [
      '[info]   Stream #0:0: Video: mjpeg (MJPG / 0x47504A4D), 8x8',
      { index: 0, type: 'video', codec: 'mjpeg' },
    ],
  ])('reads %s', (line, stream) => {
    expect(streamOf(line)).toEqual(stream);
  });

  it('passes over data streams, metadata, and what FFmpeg repeats of its outputs', () => {
    expect(streamOf('[info]   Stream #0:2: Data: none')).toBeUndefined();
    expect(streamOf('[info]     title           : Stream #0:0: Video: vp9 (X), 9 fps')).toBeUndefined();
    expect(streamOf('[info]     Stream #0:0: Video: vp9 (X), 9 fps: x')).toBeUndefined();
    const output = '[info]   Stream #0:0: Video: wrapped_avframe, yuv420p(progressive), 768x576';
    expect(streamOf(output, "[info] Output #0, null, to 'pipe:1':")).toBeUndefined();
  });

  it('gives names of letters and digits alone, whatever stands in a line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const stream = streamOf(`[info]   Stream #0:0: Video: ${text}`);
        expect(stream?.codec ?? '').toMatch(/^\w*$/);
        expect(stream?.profile ?? '').toMatch(/^[\w .:+-]*$/);
      }),
    );
  });
});

describe('createPacketDumpParser', () => {
  const dump = (index: number, key: 0 | 1, size: number) => [
    `[info] stream #${index}:`,
    `[info]   keyframe=${key}`,
    '[info]   duration=0.100',
    '[info]   dts=N/A  pts=0.100',
    `[info]   size=${size}`,
  ];
  const read = (lines: readonly string[]) => {
    const parse = createPacketDumpParser();
    return lines.flatMap((line) => parse(line) ?? []);
  };

  it('gives each packet with its last line, whatever stands between the lines', () => {
    const noise = ['[h264 @ 0x1] [error] size=3', '[info]     size=7          : x', '[info]   size=1 kB'];
    const lines = [...dump(0, 1, 61_626), ...noise, ...dump(1, 0, 12)].flatMap((line) => [line, ...noise]);
    expect(read(lines)).toEqual([
      { index: 0, isKey: true, byteLength: 61_626 },
      { index: 1, isKey: false, byteLength: 12 },
    ]);
  });

  it('takes no size for a packet of its own', () => {
    expect(read(['[info]   size=5', ...dump(0, 0, 9), '[info]   size=5'])).toHaveLength(1);
  });
});
