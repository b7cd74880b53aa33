import type { Readable } from 'node:stream';
import type { HardwareDecoder } from '../../models/domain/hardware';
import { isLiveKind } from '../../models/domain/input-kind';
import type { InputKind } from '../../models/domain/input-kind';
import type { RtspTransport } from '../../models/domain/rtsp-transport';
import { parseTestInput } from '../../models/domain/test-pattern';
import { packageVersion } from '../../models/support/package-version';
import { isAtLeast } from '../support/ffmpeg-version';
import type { FfmpegVersion } from '../support/ffmpeg-version';
import type { PictureCodec } from '../support/picture-codec';
import { FORMATS, PROTOCOLS } from './format-lists';
import { testGraph } from './test-graphs';

/** What decides how an input is opened, whatever is done with its pictures then. */
export interface OpenRequest {
  readonly kind: InputKind;
  /** An absolute path, a URL with its credentials, or a pattern with its query. */
  readonly location: string;
  readonly version: FfmpegVersion;
  /** Read a recording at the speed of its own clock, as a camera would send it. */
  readonly isRealTime?: boolean;
  /** Microseconds are FFmpeg's unit; ours are milliseconds. Network inputs only. */
  readonly timeoutMs?: number;
  /** RTSP: how RTP is asked for; never another by itself. Default `tcp`. */
  readonly rtspTransport?: RtspTransport;
  /** FFmpeg's name of what decodes in place of the CPU. */
  readonly hwaccel?: HardwareDecoder;
  /** Pictures: what it is by its first bytes; default: by its name. */
  readonly pictureCodec?: PictureCodec;
  /** Folders: pictures of one codec, in NUT. */
  readonly pictures?: PictureStream;
}

/** Compressed pictures on their way to FFmpeg's standard input. */
export interface PictureStream {
  readonly codec: PictureCodec;
  readonly bytes: Readable;
}

/** How FFmpeg opens an input. */
export interface OpenArgs {
  readonly inputOptions: readonly string[];
  readonly source: string | Readable;
}

/**
 * How long a camera may say nothing: longer than the pauses of one that sends a picture now and then, whose sender reports come
 * every five seconds. That pictures come is watched elsewhere.
 */
export const DEFAULT_TIMEOUT_MS = 8000;

/** RTP of which nothing comes is noticed elsewhere, too: FFmpeg's own ten seconds would end as "no stream". */
const RTP_WAIT_SECONDS = 600;

/**
 * What FFmpeg may take in one piece. A camera that never ends a picture would else fill the memory of its host; the largest of
 * a live one are planes of 8K, on the disk there are pictures of hundreds of megapixels.
 */
const MAX_LIVE_BLOCK_BYTES = 128 * 1024 * 1024;
const MAX_BLOCK_BYTES = 1024 * 1024 * 1024;

/** How FFmpeg opens an input: within its protocols and formats, at its own pts. */
export function openArgs(request: OpenRequest): OpenArgs {
  const { kind } = request;
  const formats = FORMATS[kind];
  return {
    inputOptions: [
      ...['-hide_banner', '-nostats', '-loglevel', 'level+info'],
      ...['-max_alloc', String(isLiveKind(kind) ? MAX_LIVE_BLOCK_BYTES : MAX_BLOCK_BYTES)],
      ...['-protocol_whitelist', PROTOCOLS[kind]],
      ...(formats === undefined ? [] : ['-format_whitelist', formats]),
      ...hardwareOptions(request.hwaccel),
      // One thread holds 2 decoded frames back instead of 5, and many cameras share the cores anyway.
      ...['-threads', '1'],
      ...inputOptionsOf(request),
      ...['-copyts'],
    ],
    source: sourceOf(request),
  };
}

/** Pictures come back into memory by themselves; of `qsv` alone FFmpeg must be told that they are to. */
function hardwareOptions(hwaccel: HardwareDecoder | undefined): readonly string[] {
  if (hwaccel === undefined) return [];
  return ['-hwaccel', hwaccel, ...(hwaccel === 'qsv' ? ['-hwaccel_output_format', 'nv12'] : [])];
}

function sourceOf({ kind, location, pictures }: OpenRequest): string | Readable {
  switch (kind) {
    case 'file':
    case 'image':
    case 'sdp':
      return `file:${location}`;
    case 'rtsp':
    case 'http':
    case 'v4l2':
      return location;
    case 'folder':
      if (pictures === undefined) throw new RangeError('folder: expected its pictures, got none');
      return pictures.bytes;
    case 'test': {
      const input = parseTestInput(location);
      if (input === undefined) throw new RangeError(`test: expected a known pattern, got ${location}`);
      return testGraph(input);
    }
  }
}

/** The first picture after 0.3 s instead of 1.3 to 4 s, also of a stream that is joined between key frames. */
const AT_ONCE = ['-probesize', '32', '-analyzeduration', '0'];

function inputOptionsOf(request: OpenRequest): readonly string[] {
  const {
    kind,
    version,
    isRealTime = false,
    timeoutMs = DEFAULT_TIMEOUT_MS,
    pictures,
    pictureCodec,
  } = request;
  const realTime = isRealTime ? ['-re'] : [];
  switch (kind) {
    case 'file':
      return realTime;
    case 'image':
      // A file named "a%03d.jpg" is one picture here, not a pattern.
      return [...(pictureCodec ? ['-c:v', pictureCodec] : []), '-f', 'image2', '-pattern_type', 'none'];
    case 'folder':
      return [...realTime, ...AT_ONCE, '-c:v', pictures?.codec ?? 'mjpeg', '-f', 'nut'];
    case 'test':
      return [...realTime, '-f', 'lavfi'];
    case 'rtsp':
      return [
        // One alone: given more, FFmpeg goes from UDP to TCP by itself, and nobody is told.
        ...['-rtsp_transport', request.rtspTransport ?? 'tcp'],
        // The option was called -stimeout before FFmpeg 5, where -timeout meant to listen.
        ...[isAtLeast(version, [5, 0]) ? '-timeout' : '-stimeout', String(timeoutMs * 1000)],
        ...AT_ONCE,
      ];
    case 'http':
      return httpOptions(request.location, timeoutMs);
    case 'sdp':
      return ['-f', 'sdp', '-listen_timeout', String(RTP_WAIT_SECONDS), ...AT_ONCE];
    case 'v4l2':
      return ['-f', 'v4l2', ...AT_ONCE];
  }
}

/**
 * From the newest segment on (FFmpeg's own choice is three before the end), at the speed of its clock: a segment comes as a
 * whole, and all but its last pictures would be too old. Times begin at 0, since they are what an old FFmpeg paces by.
 */
const HLS = ['-live_start_index', '-1', '-re', '-start_at_zero'];

/**
 * FFmpeg ends itself over an option that nothing takes: of TLS where there is none, of HLS where it is none. It reconnects by
 * itself only where told to; that is the supervisor's part.
 */
function httpOptions(
  url: string,
  timeoutMs: number,
  caFile = process.env['SSL_CERT_FILE'],
): readonly string[] {
  const { protocol, pathname } = new URL(url);
  return [
    ...['-rw_timeout', String(timeoutMs * 1000), '-user_agent', `sightline/${packageVersion()}`],
    // FFmpeg 5.1 takes any certificate unless asked, and for the segments of HLS also then.
    ...(protocol === 'https:' ? ['-tls_verify', '1'] : []),
    ...(protocol === 'https:' && caFile !== undefined && caFile !== '' ? ['-ca_file', caFile] : []),
    ...(/\.m3u8?$/i.test(pathname) ? HLS : []),
    ...AT_ONCE,
  ];
}
