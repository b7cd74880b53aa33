import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceMode } from '../models/domain/frame';
import { isImagePath, isLiveKind } from '../models/domain/input-kind';
import type { InputKind } from '../models/domain/input-kind';
import { lacksScheme } from '../models/domain/redact';
import type { RtspTransport } from '../models/domain/rtsp-transport';
import { TEST_PATTERNS, parseTestInput } from '../models/domain/test-pattern';

/** Schemes a camera's `url` may have. */
const CAMERA_SCHEMES = ['rtsp', 'rtsps', 'http', 'https', 'file', 'sdp', 'v4l2', 'test'] as const;
type CameraScheme = (typeof CAMERA_SCHEMES)[number];

/** What a camera's `url` may be, for messages. */
export const CAMERA_URLS =
  'a URL with rtsp://, rtsps://, http://, https:// or file://, sdp:, v4l2: or test:, or the path of a file or folder';

/** The settings of a camera that say how it is opened, as a loaded configuration has them. */
export interface CameraInputSettings {
  /** A URL, or an absolute path. */
  readonly url: string;
  readonly rtspTransport?: RtspTransport;
  readonly loop: boolean;
  readonly realTime?: boolean | undefined;
  readonly startTime: string;
  readonly folderFps: number;
}

/** How to open a camera, in the words of the decoder. */
export interface CameraInput {
  readonly kind: InputKind;
  /** An absolute path, a URL with its credentials, or a pattern with its query. */
  readonly location: string;
  readonly mode: SourceMode;
  readonly isLooping: boolean;
  /** A file is read at the speed of its own clock. */
  readonly isRealTime: boolean;
  /** Recorded: event time of pts 0, in milliseconds since 1970. */
  readonly startAtMs: number;
  /** Folders: pictures a second of stream time. */
  readonly folderFps?: number;
  /** RTSP only. */
  readonly rtspTransport?: RtspTransport;
}

/**
 * What a loaded camera's settings mean together. Live are network streams, devices, patterns without an end, and files and
 * folders that loop; every other file, folder or pattern is recorded.
 */
export function cameraInput(settings: CameraInputSettings): CameraInput {
  const { url, rtspTransport, loop, realTime, startTime, folderFps } = settings;
  const { kind, location } = inputPlace(url);
  const isEndless = kind === 'test' && parseTestInput(location)?.seconds === undefined;
  return {
    kind,
    location,
    mode: isLiveKind(kind) || isEndless || loop ? 'live' : 'recorded',
    isLooping: loop,
    isRealTime: realTime ?? (loop || isEndless),
    startAtMs: Date.parse(startTime),
    ...(kind === 'folder' && { folderFps }),
    ...(kind === 'rtsp' && rtspTransport !== undefined && { rtspTransport }),
  };
}

/** Where an input lies, and how it is reached: by its scheme, or by the form of its path. */
export function inputPlace(url: string): Pick<CameraInput, 'kind' | 'location'> {
  const scheme = schemeOf(url);
  switch (scheme) {
    case 'rtsp':
    case 'rtsps':
      return { kind: 'rtsp', location: url };
    case 'http':
    case 'https':
      return { kind: 'http', location: url };
    case 'sdp':
    case 'v4l2':
    case 'test':
      return { kind: scheme, location: url.slice(scheme.length + 1) };
    default: {
      const path = filePathOf(url) ?? url;
      return { kind: kindOfPath(path), location: path };
    }
  }
}

const VIDEO_DEVICE = /^\/dev\/(video\d+|v4l\/by-(id|path)\/[^/]+)$/;

function kindOfPath(path: string): InputKind {
  if (/[/\\]$/.test(path)) return 'folder';
  if (VIDEO_DEVICE.test(path)) return 'v4l2';
  if (/\.sdp$/i.test(path)) return 'sdp';
  return isImagePath(path) ? 'image' : 'file';
}

/**
 * The scheme of a URL in lower case; undefined for a path. One letter before the colon is a drive of Windows; a path whose
 * first part holds a colon is written `./a:b.mp4`.
 */
export function schemeOf(text: string): string | undefined {
  return /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase();
}

/** What a camera's `url` should have been, or undefined when it is one. */
export function expectedCameraUrl(text: string): string | undefined {
  const scheme = schemeOf(text);
  if (text.includes('\0')) return 'text without NUL';
  if (scheme === undefined) return lacksScheme(text) ? CAMERA_URLS : undefined;
  if (!isCameraScheme(scheme)) return CAMERA_URLS;
  return IS_URL_OF[scheme](text) ? undefined : FORMS[scheme];
}

const FORMS: Record<CameraScheme, string> = {
  rtsp: 'rtsp://host:554/path, with percent-encoded user and password where needed',
  rtsps: 'rtsps://host:554/path, with percent-encoded user and password where needed',
  http: 'http://host/path, with percent-encoded user and password where needed',
  https: 'https://host/path, with percent-encoded user and password where needed',
  file: 'file:///absolute/path',
  sdp: 'sdp:/path/of/file.sdp',
  v4l2: 'v4l2:/dev/video0',
  test: `test:<pattern> or test:<pattern>?seconds=<1 to 86400>, with a pattern of ${TEST_PATTERNS.join(', ')}`,
};

const IS_URL_OF: Record<CameraScheme, (text: string) => boolean> = {
  rtsp: isHostUrl,
  rtsps: isHostUrl,
  http: isHostUrl,
  https: isHostUrl,
  file: (text) => filePathOf(text) !== undefined,
  // Two slashes would be the beginning of a host, which neither has.
  sdp: (text) => /^sdp:(?!\/\/)[^\n\r]+$/i.test(text),
  v4l2: (text) => /^v4l2:\/dev\/[\w.:+/-]+$/i.test(text) && posix.normalize(text) === text,
  test: (text) => parseTestInput(text.slice('test:'.length)) !== undefined,
};

/** True when a URL of this scheme can be a camera's, if its rest is as it should be. */
export function isCameraScheme(scheme: string): scheme is CameraScheme {
  return (CAMERA_SCHEMES as readonly string[]).includes(scheme);
}

function isHostUrl(text: string): boolean {
  // The parser itself skips line breaks and tabs, which FFmpeg does not; "#" has no meaning here but comes with passwords
  // that were not percent-encoded, and would hide the host behind it.
  return /^\w+:\/\/[^\s#/]+[^\s#]*$/.test(text) && URL.canParse(text) && new URL(text).hostname !== '';
}

/** The path of a `file:` URL, or undefined when it has none on this machine. */
export function filePathOf(text: string): string | undefined {
  if (!/^file:\//i.test(text)) return undefined;
  try {
    const path = fileURLToPath(text);
    return path.includes('\0') ? undefined : path;
  } catch {
    // Another host, or an encoded slash.
    return undefined;
  }
}
