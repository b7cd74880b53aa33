import { fileURLToPath } from 'node:url';
import type { SourceMode } from '../models/domain/frame';

/** Schemes a camera's `url` may have. */
export const CAMERA_SCHEMES = ['rtsp', 'rtsps', 'file'] as const;

/** The settings of a camera that say how it is opened, as a loaded configuration has them. */
export interface CameraInputSettings {
  /** A URL, or an absolute path. */
  readonly url: string;
  readonly loop: boolean;
  readonly realTime?: boolean | undefined;
  readonly startTime: string;
}

/** How to open a camera, in the words of the decoder. */
export interface CameraInput {
  readonly kind: 'rtsp' | 'file';
  /** An absolute path, or an RTSP URL with its credentials. */
  readonly location: string;
  readonly mode: SourceMode;
  readonly isLooping: boolean;
  /** A file is read at the speed of its own clock. */
  readonly isRealTime: boolean;
  /** Recorded: event time of pts 0, in milliseconds since 1970. */
  readonly startAtMs: number;
}

/** What a loaded camera's settings mean together: a file that loops is a live camera, any other file is recorded. */
export function cameraInput({ url, loop, realTime, startTime }: CameraInputSettings): CameraInput {
  const isRtsp = schemeOf(url) !== undefined;
  return {
    kind: isRtsp ? 'rtsp' : 'file',
    location: url,
    mode: isRtsp || loop ? 'live' : 'recorded',
    isLooping: loop,
    isRealTime: realTime ?? loop,
    startAtMs: Date.parse(startTime),
  };
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
  if (scheme === undefined) return undefined;
  if (!isCameraScheme(scheme)) return 'a URL with rtsp://, rtsps:// or file://, or the path of a file';
  if (scheme === 'file') return filePathOf(text) === undefined ? 'file:///absolute/path' : undefined;
  return isRtspUrl(text)
    ? undefined
    : `${scheme}://host:554/path, with percent-encoded user and password where needed`;
}

function isCameraScheme(scheme: string): scheme is (typeof CAMERA_SCHEMES)[number] {
  return (CAMERA_SCHEMES as readonly string[]).includes(scheme);
}

function isRtspUrl(text: string): boolean {
  // The parser itself skips line breaks and tabs, which FFmpeg does not; "#" has no meaning here but comes with passwords
  // that were not percent-encoded, and would hide the host behind it.
  return /^rtsps?:\/\/[^\s#]+$/i.test(text) && URL.canParse(text) && new URL(text).hostname !== '';
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
