import { decodeArgs } from '../../../operators/sources/ffmpeg-args';
import type { DecodeRequest } from '../../../operators/sources/ffmpeg-args';
import { VIDEO_FORMATS } from '../../../operators/sources/format-lists';
import { openArgs } from '../../../operators/sources/open-args';

const request: DecodeRequest = {
  kind: 'file',
  location: '/videos/a b%03d.mp4',
  version: [5, 1],
  input: { width: 416, height: 256 },
};

const raw = [
  '-threads',
  '1',
  '-enc_time_base',
  '-1',
  '-c:v',
  'rawvideo',
  '-pix_fmt',
  'yuv420p',
  '-f',
  'nut',
  '-write_index',
  '0',
];
const base = (maxBlockMiB: number) => [
  ...['-hide_banner', '-nostats', '-loglevel', 'level+info'],
  ...['-max_alloc', String(maxBlockMiB * 1024 * 1024), '-protocol_whitelist'],
];
const scale =
  "scale=w='max(2,trunc(min(416,floor(256*iw/ih+0.5))/2)*2)':h='max(2,trunc(min(256,floor(416*ih/iw+0.5))/2)*2)'" +
  ':flags=area+accurate_rnd+full_chroma_inp+bitexact:out_color_matrix=bt601:out_range=limited,format=yuv420p,pad=416:256:0:0:color=0x727272';

describe('openArgs', () => {
  it.each<DecodeRequest>([
    request,
    { ...request, kind: 'image' },
    { ...request, kind: 'rtsp', location: 'rtsp://u:p@h/s', version: [4, 4] },
  ])('opens $kind as a decoder does', (given) => {
    const { inputOptions, source } = decodeArgs(given);
    expect(openArgs(given)).toEqual({ inputOptions, source });
  });
});

describe('decodeArgs', () => {
  it('reads every frame of a file, whole and at its own pts', () => {
    expect(decodeArgs(request)).toEqual({
      inputOptions: [...base(1024), 'file', '-format_whitelist', VIDEO_FORMATS, '-threads', '1', '-copyts'],
      source: 'file:/videos/a b%03d.mp4',
      filter: `[0:v:0]showinfo@detect=checksum=0,${scale}[detect]`,
      outputs: [['-map', '[detect]', '-fps_mode', 'passthrough', ...raw, '-filter_complex_threads', '1']],
    });
  });

  it('samples inside FFmpeg, also after a backward jump', () => {
    expect(decodeArgs({ ...request, maxFps: 5 }).filter).toBe(
      `[0:v:0]select='isnan(prev_selected_t)+gt(floor((t-start_t)*5+0.3),floor((prev_selected_t-start_t)*5+0.3))+lt(t,prev_selected_t)',showinfo@detect=checksum=0,${scale}[detect]`,
    );
  });

  it('gives the second rendition whole, before sampling', () => {
    const args = decodeArgs({ ...request, maxFps: 5, renditions: 'both' });
    expect(args.filter).toMatch(
      /^\[0:v:0\]split=2\[a\]\[b\];\[a\]select=.*\[detect\];\[b\]showinfo@view=checksum=0,scale=out_color_matrix=bt601:out_range=limited\[view\]$/,
    );
    expect(args.outputs.map(([, pad]) => pad)).toEqual(['[detect]', '[view]']);
    expect(args.outputs[1]).toEqual(['-map', '[view]', '-fps_mode', 'passthrough', ...raw]);
  });

  it('gives views of those pictures alone that are looked at, where no others are wanted', () => {
    const filterOf = (more: Partial<DecodeRequest>) =>
      decodeArgs({ ...request, isViewSampled: true, ...more }).filter;
    const detect = decodeArgs({ ...request, maxFps: 5 }).filter;
    const [select] = /select='[^']*',/.exec(detect)!;
    const both = filterOf({ maxFps: 5, renditions: 'both' });
    expect(both.startsWith(`[0:v:0]${select}split=2[a][b];[a]showinfo@detect=`)).toBe(true);
    expect(both.split('select=')).toHaveLength(2);
    expect(filterOf({ maxFps: 5, renditions: 'view' }).startsWith(`[0:v:0]${select}showinfo@view=`)).toBe(
      true,
    );
    expect(filterOf({ maxFps: 5 })).toBe(detect);
    expect(filterOf({ renditions: 'both' })).not.toContain('select');
  });

  it('gives the second rendition alone, unsampled', () => {
    const args = decodeArgs({ ...request, maxFps: 5, renditions: 'view' });
    expect(args.filter).toBe(
      '[0:v:0]showinfo@view=checksum=0,scale=out_color_matrix=bt601:out_range=limited[view]',
    );
    expect(args.outputs).toEqual([['-map', '[view]', '-fps_mode', 'passthrough', ...raw]]);
  });

  it('reads a camera over TCP with a deadline, and only through the protocols of RTSP', () => {
    const args = decodeArgs({ ...request, kind: 'rtsp', location: 'rtsp://u:p@h/s', timeoutMs: 3000 });
    expect(args.source).toBe('rtsp://u:p@h/s');
    expect(args.inputOptions).toEqual([
      ...[
        ...base(128),
        'rtsp,rtp,udp,tcp,tls',
        '-threads',
        '1',
        '-rtsp_transport',
        'tcp',
        '-timeout',
        '3000000',
      ],
      ...['-probesize', '32', '-analyzeduration', '0', '-copyts'],
    ]);
  });

  it.each([
    [[4, 4], '-stimeout', '-vsync'],
    [[5, 0], '-timeout', '-vsync'],
    [[5, 1], '-timeout', '-fps_mode'],
    [[7, 1], '-timeout', '-fps_mode'],
  ] as const)('speaks the option names of FFmpeg %j', (version, timeout, passthrough) => {
    const args = decodeArgs({ ...request, kind: 'rtsp', location: 'rtsp://h/s', version });
    expect(args.inputOptions).toContain(timeout);
    expect(args.outputs[0]).toContain(passthrough);
  });

  it('takes the name of a picture literally and paces a file that stands for a camera', () => {
    expect(decodeArgs({ ...request, kind: 'image' }).inputOptions).toEqual(
      expect.arrayContaining(['-pattern_type', 'none']),
    );
    expect(decodeArgs({ ...request, isRealTime: true }).inputOptions).toContain('-re');
  });

  it('decodes a picture as what it is', () => {
    const { inputOptions } = decodeArgs({ ...request, kind: 'image', pictureCodec: 'png' });
    expect(inputOptions[inputOptions.indexOf('-c:v') + 1]).toBe('png');
  });
});
