import type { Size } from '../../models/domain/geometry';
import { isLiveKind } from '../../models/domain/input-kind';
import { isAtLeast } from '../support/ffmpeg-version';
import type { FfmpegVersion } from '../support/ffmpeg-version';
import { openArgs } from './open-args';
import type { OpenArgs, OpenRequest } from './open-args';

/** What a decoder gives out: the first over its standard output, of two the second over file descriptor 3. */
export type Renditions = 'detect' | 'view' | 'both';

/** What one decoder process is to do. */
export interface DecodeRequest extends OpenRequest {
  /** Size of the detector's input. */
  readonly input: Size;
  /** Frames a second of stream time; absent: every frame. */
  readonly maxFps?: number;
  /** Which of the two forms of each picture are asked for. Default: `detect` alone. */
  readonly renditions?: Renditions;
  /** Views of no other pictures than `maxFps` takes: those that are looked at. Default: of every picture. */
  readonly isViewSampled?: boolean;
  /**
   * Ending of the names of the `showinfo` filters. Random where the input is not trusted: FFmpeg prints metadata of a file
   * beside their lines, and text that nobody can guess cannot be mistaken for one.
   */
  readonly tag?: string;
}

/** The argv of a decoder in parts. */
export interface DecodeArgs extends OpenArgs {
  readonly filter: string;
  /** Of each rendition, in their order. */
  readonly outputs: readonly (readonly string[])[];
}

/**
 * Said outright: of pictures of another size than the first, and of another format, FFmpeg would convert only what was scaled and
 * padded already, by a second filter that blends pixels farther than the first.
 */
const I420 = 'format=yuv420p';

/**
 * Averages what becomes one pixel, and interpolates where pictures are enlarged; the same pixels on every CPU, so that a recording
 * gives the same events wherever it is replayed (without `accurate_rnd` and `bitexact`, FFmpeg 5.1 gives others with AVX2 than with
 * SSE2). `full_chroma_inp` is about pictures in RGB, of which an odd column at the right would be half grey.
 *
 * Not `fast_bilinear`, which costs 0.3 ms a 1080p frame less: it takes two pixels of each row and leaves the others out, and it
 * begins at the left edge rather than half a pixel inside, so that things stand up to 7 px of a 1080p picture too far left.
 */
const SCALER = 'area+accurate_rnd+full_chroma_inp+bitexact';

/** Luma 114 with neutral chroma: the grey that the detector was trained to ignore. */
const PAD_COLOUR = '0x727272';

/** Turns a request into FFmpeg arguments; pure. */
export function decodeArgs(request: DecodeRequest): DecodeArgs {
  const { renditions = 'detect' } = request;
  const pads = renditions === 'both' ? ['detect', 'view'] : [renditions];
  return {
    ...openArgs(request),
    filter: decodeFilter(request),
    outputs: pads.map((pad) => [
      ...['-map', `[${pad}]`, ...rawOptions(request.version)],
      ...(renditions === 'detect' ? ONE_FILTER_THREAD : []),
    ]),
  };
}

/**
 * FFmpeg 5.1 starts two threads a core for filters, in the process of every camera, where there is little to share: a few small
 * pictures. The pictures are the same. Whole ones, for people, are worth the threads. A global option, which may stand anywhere.
 */
const ONE_FILTER_THREAD = ['-filter_complex_threads', '1'];

/** Frames at exactly their own pts: without the two timing options they land on a 1/fps grid. */
function rawOptions(version: FfmpegVersion): readonly string[] {
  return [
    ...(isAtLeast(version, [5, 1]) ? ['-fps_mode', 'passthrough'] : ['-vsync', 'passthrough']),
    // The encoder `rawvideo` has threads, and with them keeps a frame until the next: a second at 1 fps.
    ...['-threads', '1'],
    ...['-enc_time_base', '-1', '-c:v', 'rawvideo', '-pix_fmt', 'yuv420p', '-f', 'nut', '-write_index', '0'],
  ];
}

function decodeFilter({
  input: { width, height },
  kind,
  maxFps,
  renditions = 'detect',
  isViewSampled = false,
  tag = '',
}: DecodeRequest): string {
  const sample =
    maxFps === undefined ? [] : [`select='${sampleExpression(maxFps)}${isLiveKind(kind) ? STANDING : ''}'`];
  const [ofBoth, ofDetect] = isViewSampled ? [sample, []] : [[], sample];
  const detect = [
    ...ofDetect,
    `showinfo@detect${tag}=checksum=0`,
    // force_original_aspect_ratio with force_divisible_by rounds differently from FFmpeg 6 on; expressions do not.
    `scale=w='${fitted(width, height, 'iw/ih')}':h='${fitted(height, width, 'ih/iw')}'` +
      `:flags=${SCALER}:out_color_matrix=bt601:out_range=limited`,
    I420,
    `pad=${width}:${height}:0:0:color=${PAD_COLOUR}`,
  ].join(',');
  const times = kind === 'http' ? `${ARRIVAL_TIMES},` : '';
  const source = `[0:v:0]${times}${ofBoth.map((filter) => `${filter},`).join('')}`;
  if (renditions === 'detect') return `${source}${detect}[detect]`;
  const view = `showinfo@view${tag}=checksum=0,scale=out_color_matrix=bt601:out_range=limited`;
  if (renditions === 'view') return `${source}${view}[view]`;
  return `${source}split=2[a][b];[a]${detect}[detect];[b]${view}[view]`;
}

/** One side of `fitInside` (models/domain/geometry.ts) as an FFmpeg expression. */
function fitted(side: number, otherSide: number, aspect: string): string {
  return `max(2,trunc(min(${side},floor(${otherSide}*${aspect}+0.5))/2)*2)`;
}

/**
 * Multipart JPEG has no times, and FFmpeg counts its pictures in a time base of 1/25 s, whatever their rate: they get the time of
 * their arrival instead, in a time base that no other input has. All others keep their own.
 */
export const ARRIVAL_TIMES =
  "settb='if(eq(intb,1/25),1/1000000,intb)',setpts='if(lt(TB,0.000002),RTCTIME-RTCSTART,PTS)'";

/** Pts of a camera that stand still while pictures come fall into no cell: all are taken. */
const STANDING = '+lt(abs(t-prev_t),0.001)';

/** Part of a cell by which the first frame lies after the cell's beginning. */
const CELL_LEAD = 0.3;

/**
 * Takes the first frame of each 1/fps of stream time and each frame after a backward jump. The cells begin a little before the
 * first frame, so that the jitter of a camera that sends just that many frames does not move them over a border.
 *
 * Not `fps=`: that duplicates frames across gaps, goes silent on a backward jump and holds a frame back. Not a least gap to the
 * frame taken last either: 10 a second of a 25 fps camera came to 8.5, and 20 to 12.5.
 */
function sampleExpression(maxFps: number): string {
  const cell = (time: string) => `floor((${time}-start_t)*${maxFps}+${CELL_LEAD})`;
  return `isnan(prev_selected_t)+gt(${cell('t')},${cell('prev_selected_t')})+lt(t,prev_selected_t)`;
}
