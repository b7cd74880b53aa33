import type { InputKind } from '../../models/domain/input-kind';

/**
 * What each kind of input may be reached through: a playlist must not open files or protocols of its choice. Pictures come over
 * a pipe, patterns and devices through nothing; "none" is no protocol.
 */
export const PROTOCOLS: Record<InputKind, string> = {
  file: 'file',
  image: 'file',
  folder: 'pipe',
  test: 'none',
  rtsp: 'rtsp,rtp,udp,tcp,tls',
  http: 'http,https,tcp,tls,crypto',
  // The file is the description itself, which has no way to name another.
  sdp: 'file,rtp,udp',
  v4l2: 'none',
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

/** Multipart JPEG, MPEG-TS, and HLS with what its segments are; its inner formats are held to the same list. */
const HTTP_FORMATS = 'mpjpeg,mpegts,hls,mp4,aac,mp3,ac3,eac3,webvtt';

/** The formats each kind of input may have; undefined where there is no choice. */
export const FORMATS: Record<InputKind, string | undefined> = {
  file: VIDEO_FORMATS,
  image: undefined,
  folder: 'nut',
  test: 'lavfi',
  rtsp: undefined,
  http: HTTP_FORMATS,
  sdp: 'sdp',
  v4l2: 'v4l2',
};
