import type { ErrorCode } from '../../models/domain/errors';

/**
 * How the data came: a file, a folder of pictures, a generated pattern; RTSP with RTP interleaved in its TCP connection, with RTP
 * over UDP, or with all of it within TLS; HTTP, HTTPS; RTP over UDP that nobody asked for; a video device.
 */
export type ProbeTransport =
  ('file' | 'folder' | 'test') | ('rtsp-tcp' | 'rtsp-udp' | 'rtsps-tcp' | 'http' | 'https' | 'rtp' | 'v4l2');

/** The video of an input, as measured. */
export interface ProbedVideo {
  /** FFmpeg's names, such as `h264`, `High`, `yuv420p`. */
  readonly codec: string;
  readonly profile?: string;
  readonly pixelFormat: string;
  readonly width: number;
  readonly height: number;
  /** Width : height of one pixel; absent where pixels are square. */
  readonly sampleAspect?: readonly [number, number];
  /** Sizes seen, at least 1. */
  readonly sizeCount: number;
  readonly frameCount: number;
  /** Frames a second as the container or the camera says. */
  readonly declaredFps?: number;
  /** From pts, without gaps; absent for fewer than two pictures. */
  readonly measuredFps?: number;
  readonly gop: ProbedGop;
  readonly hasBFrames: boolean;
  /** Compressed video alone; absent where no time passed. */
  readonly bitrateBps?: number;
}

/** The distance of key frames: the longest measured, or how long none came. */
export type ProbedGop =
  | { readonly isMeasured: true; readonly frameCount: number; readonly ms: number; readonly gopCount: number }
  | { readonly isMeasured: false; readonly longerThanMs: number };

/** What the times of pictures are like, in the order in which they are decoded into. */
export interface ProbedTimes {
  /** Every picture has a pts, later than the one before. */
  readonly isMonotonic: boolean;
  readonly withoutPtsCount: number;
  readonly backwardCount: number;
  /** Pictures less than 0.1 ms after the one before. */
  readonly standingCount: number;
  /** Steps of more than three intervals and of 200 ms at least. */
  readonly gapCount: number;
  /** Stretches that an analysis takes for streams of their own: 1 for a sound one. */
  readonly epochCount: number;
  /** Steps forward; absent for fewer than two pictures. */
  readonly intervalMs?: {
    readonly p5: number;
    readonly p50: number;
    readonly p95: number;
    readonly max: number;
  };
  /** Live: by how much wall time ran ahead of pts over the measured time; absent where too short or not monotonic. */
  readonly driftMs?: number;
}

export interface ProbedDamage {
  readonly count: number;
  /** FFmpeg's words for the first, without credentials. */
  readonly first?: string;
}

/** What advice is about, for programs; its words may change. */
export type AdviceCode =
  | 'long_gop'
  | 'b_frames'
  | 'large_picture'
  | 'hevc'
  | 'variable_fps'
  | 'fps_differs'
  | 'fps_above_analysed'
  | 'size_changes'
  | 'pts_missing'
  | 'pts_backward'
  | 'pts_standing'
  | 'pts_gaps'
  | 'drift'
  | 'damaged';

/** Something that will hurt an analysis, and what to do. */
export interface Advice {
  readonly code: AdviceCode;
  readonly text: string;
}

/** What every result tells. */
interface ProbeBase {
  readonly v: 1;
  /** As it was given, without credentials. */
  readonly input: string;
}

/** The input gives pictures. */
export interface ProbeOk extends ProbeBase {
  readonly state: 'ok';
  readonly transport: ProbeTransport;
  /** From the start of FFmpeg until it has opened the input, and until its first decoded picture. */
  readonly connectMs: number;
  readonly firstFrameMs: number;
  /** Stream time of what was measured. */
  readonly measuredMs: number;
  readonly video: ProbedVideo;
  /** Empty where there is none. */
  readonly audio: readonly { readonly codec: string; readonly profile?: string }[];
  readonly times: ProbedTimes;
  readonly damage: ProbedDamage;
  readonly advice: readonly Advice[];
}

/** The input gives none, or stopped giving them. */
export interface ProbeFailed extends ProbeBase {
  readonly state: 'failed';
  readonly error: { readonly code: ErrorCode; readonly detail: string; readonly remedy: string };
}

/** Stopped from outside before its first picture. */
export interface ProbeStopped extends ProbeBase {
  readonly state: 'stopped';
}

/** What `sightline probe --json` prints of one input; with `--all`, `{"cameras": {"<name>": …}}`. */
export type ProbeResult = ProbeOk | ProbeFailed | ProbeStopped;
