import { extname } from 'node:path';

/**
 * How an input is reached: a video file, one picture, a folder of pictures, a generated pattern; a camera over RTSP, over HTTP
 * (MJPEG, HLS, MPEG-TS), by RTP that an SDP file describes, or a V4L2 device of this machine.
 */
export type InputKind = 'file' | 'image' | 'folder' | 'test' | 'rtsp' | 'http' | 'sdp' | 'v4l2';

const LIVE: ReadonlySet<InputKind> = new Set(['rtsp', 'http', 'sdp', 'v4l2']);
const NETWORK: ReadonlySet<InputKind> = new Set(['rtsp', 'http']);
const ON_DISK: ReadonlySet<InputKind> = new Set(['file', 'image', 'folder', 'sdp']);

/** True for what happens now, whatever its settings say. */
export function isLiveKind(kind: InputKind): boolean {
  return LIVE.has(kind);
}

/** True for URLs with a host to be looked up. */
export function isNetworkKind(kind: InputKind): boolean {
  return NETWORK.has(kind);
}

/** True for what must lie on the disk before a run begins. */
export function isOnDisk(kind: InputKind): boolean {
  return ON_DISK.has(kind);
}

const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set([
  '.jpg',
  '.jpeg',
  '.png',
  '.bmp',
  '.webp',
  '.tif',
  '.tiff',
]);

/** True for pictures that FFmpeg reads one by one. */
export function isImagePath(path: string): boolean {
  return IMAGE_EXTENSIONS.has(extname(path).toLowerCase());
}
