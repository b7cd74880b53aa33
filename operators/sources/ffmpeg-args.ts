import type { HardwareDecoder } from '../../models/domain/hardware';
import type { Size } from '../../models/domain/geometry';
import { isAtLeast } from '../support/ffmpeg-version';
import type { FfmpegVersion } from '../support/ffmpeg-version';

/** How FFmpeg reaches an input. */
export type InputKind = 'file' | 'image' | 'rtsp';

/** What one decoder process is to do. */
export interface DecodeRequest {
  readonly kind: InputKind;
  /** An absolute path, or an RTSP URL with its credentials. */
  readonly location: string;
  readonly version: FfmpegVersion;
  /** Size of the detector's input. */
  readonly input: Size;
  /** Frames a second of stream time; absent: every frame. */
  readonly maxFps?: number;
  /** Read a file at the speed of its own clock, as a camera would send it. */
  readonly isRealTime?: boolean;
  /** Also give the second rendition, over the child's file descriptor 3. */
  readonly hasView?: boolean;
  /**
   * Ending of the names of the `showinfo` filters. Random where the input is not trusted: FFmpeg prints metadata of a file
   * beside their lines, and text that nobody can guess cannot be mistaken for one.
   */
  readonly tag?: string;
  /** FFmpeg's name of what decodes in place of the CPU. */
  readonly hwaccel?: HardwareDecoder;
  /** Microseconds are FFmpeg's unit; ours are milliseconds. Network inputs only. */
  readonly timeoutMs?: number;
}

/** What decides how an input is opened, whatever is done with its pictures then. */
export type OpenRequest = Pick<
  DecodeRequest,
  'kind' | 'location' | 'version' | 'isRealTime' | 'hwaccel' | 'timeoutMs'
>;

/** The argv of a decoder in parts. */
export interface DecodeArgs {
  readonly inputOptions: readonly string[];
  readonly source: string;
  readonly filter: string;
  readonly detectOptions: readonly string[];
  readonly viewOptions?: readonly string[];
}

/** Kinds of input that no other protocol may be reached through: a playlist must not open files or hosts of its choice. */
const PROTOCOLS: Record<InputKind, string> = {
  file: 'file',
  image: 'file',
  rtsp: 'rtsp,rtp,udp,tcp,tls',
};

/**
 * Containers and raw streams that hold their own pictures. Not in it are formats that are lists of other files (concat,
 * dash, hls, imf): a file with the name of a video must not make FFmpeg read others.
 */
export const VIDEO_FORMATS = [
  ...[
    'mov',
    'mp4',
    'm4a',
    '3gp',
    '3g2',
    'mj2',
    'matroska',
    'webm',
    'avi',
    'flv',
    'live_flv',
    'asf',
    'nut',
    'ogg',
    'mxf',
    'gxf',
  ],
  ...[
    'mpeg',
    'mpegts',
    'mpegtsraw',
    'mpegvideo',
    'vob',
    'dv',
    'wtv',
    'rm',
    'ivf',
    'gif',
    'apng',
    'yuv4mpegpipe',
    'dhav',
    'kux',
  ],
  ...[
    'h264',
    'hevc',
    'h261',
    'h263',
    'm4v',
    'mjpeg',
    'mjpeg_2000',
    'mpjpeg',
    'av1',
    'obu',
    'vc1',
    'cavsvideo',
    'dirac',
    'ffm',
    'swf',
  ],
].join(',');

/**
 * How long a camera may say nothing: longer than the pauses of one that sends a picture now and then, whose sender reports come
 * every five seconds. That pictures come is watched elsewhere.
 */
export const DEFAULT_TIMEOUT_MS = 8000;

/** Luma 114 with neutral chroma: the grey that the detector was trained to ignore. */
const PAD_COLOUR = '0x727272';

/** Turns a request into FFmpeg arguments; pure. */
export function decodeArgs(request: DecodeRequest): DecodeArgs {
  return {
    ...openArgs(request),
    filter: decodeFilter(request),
    detectOptions: ['-map', '[detect]', ...rawOptions(request.version)],
    ...(request.hasView === true && { viewOptions: ['-map', '[view]', ...rawOptions(request.version)] }),
  };
}

/** How FFmpeg opens an input: within its protocols and formats, at its own pts. */
export function openArgs(request: OpenRequest): Pick<DecodeArgs, 'inputOptions' | 'source'> {
  return {
    inputOptions: [
      ...['-hide_banner', '-nostats', '-loglevel', 'level+info'],
      ...['-protocol_whitelist', PROTOCOLS[request.kind]],
      ...(request.kind === 'file' ? ['-format_whitelist', VIDEO_FORMATS] : []),
      ...hardwareOptions(request.hwaccel),
      // One thread holds 2 decoded frames back instead of 5, and many cameras share the cores anyway.
      ...['-threads', '1'],
      ...inputOptionsOf(request),
      ...['-copyts'],
    ],
    source: request.kind === 'rtsp' ? request.location : `file:${request.location}`,
  };
}

/** Pictures come back into memory by themselves; of `qsv` alone FFmpeg must be told that they are to. */
function hardwareOptions(hwaccel: HardwareDecoder | undefined): readonly string[] {
  if (hwaccel === undefined) return [];
  return ['-hwaccel', hwaccel, ...(hwaccel === 'qsv' ? ['-hwaccel_output_format', 'nv12'] : [])];
}

function inputOptionsOf({
  kind,
  version,
  isRealTime = false,
  timeoutMs = DEFAULT_TIMEOUT_MS,
}: OpenRequest): readonly string[] {
  const realTime = isRealTime ? ['-re'] : [];
  switch (kind) {
    case 'file':
      return realTime;
    case 'image':
      // A file named "a%03d.jpg" is one picture here, not a pattern.
      return ['-f', 'image2', '-pattern_type', 'none'];
    case 'rtsp':
      return [
        ...['-rtsp_transport', 'tcp'],
        // The option was called -stimeout before FFmpeg 5, where -timeout meant to listen.
        ...[isAtLeast(version, [5, 0]) ? '-timeout' : '-stimeout', String(timeoutMs * 1000)],
        // First frame after 0.3 s instead of 1.3 to 2.9 s, also without SPS in the SDP.
        ...['-probesize', '32', '-analyzeduration', '0'],
      ];
  }
}

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
  hasView = false,
  tag = '',
}: DecodeRequest): string {
  const sample =
    maxFps === undefined ? [] : [`select='${sampleExpression(maxFps)}${kind === 'rtsp' ? STANDING : ''}'`];
  const detect = [
    ...sample,
    `showinfo@detect${tag}=checksum=0`,
    // force_original_aspect_ratio with force_divisible_by rounds differently from FFmpeg 6 on; expressions do not.
    `scale=w='${fitted(width, height, 'iw/ih')}':h='${fitted(height, width, 'ih/iw')}'` +
      ':flags=fast_bilinear:out_color_matrix=bt601:out_range=limited',
    `pad=${width}:${height}:0:0:color=${PAD_COLOUR}`,
  ].join(',');
  if (!hasView) return `[0:v:0]${detect}[detect]`;
  const view = `showinfo@view${tag}=checksum=0,scale=out_color_matrix=bt601:out_range=limited`;
  return `[0:v:0]split=2[a][b];[a]${detect}[detect];[b]${view}[view]`;
}

/** One side of `fitInside` (models/domain/geometry.ts) as an FFmpeg expression. */
function fitted(side: number, otherSide: number, aspect: string): string {
  return `max(2,trunc(min(${side},floor(${otherSide}*${aspect}+0.5))/2)*2)`;
}

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
