import type { Size } from './geometry';

/** A camera's name in configuration, events and metrics: `^[a-z0-9][a-z0-9_-]{0,62}$`. */
export type CameraId = string & { readonly __brand: 'CameraId' };

const CAMERA_ID = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** True when `value` may name a camera. */
export function isCameraId(value: string): value is CameraId {
  return CAMERA_ID.test(value);
}

/** Checks and brands a camera's name. Throws a RangeError that says what was expected. */
export function cameraId(value: string): CameraId {
  if (isCameraId(value)) return value;
  throw new RangeError(
    `camera id: expected 1 to 63 of a-z, 0-9, "_" and "-", not starting with "_" or "-", got ${JSON.stringify(value)}`,
  );
}

/** Whether a source is happening now (newest wins) or was recorded (nothing may be lost). */
export type SourceMode = 'live' | 'recorded';

/**
 * A stretch of one camera's stream in which pts grow steadily, and size and codec stay. Every segment is a new `epoch`.
 */
export interface Segment {
  /** Counts from 0 for each camera of one run. */
  readonly epoch: number;
  /**
   * True when open tracks may go on from the segment before: the same size, and a gap no longer than the camera's
   * `resumeWindowMs`.
   */
  readonly isResumed: boolean;
}

/** Everything known of a frame but its pixels: small enough for messages. */
export interface FrameInfo {
  readonly cameraId: CameraId;
  readonly mode: SourceMode;
  readonly segment: Segment;
  /** Counts the frames out of FFmpeg from 0 within the epoch. */
  readonly seq: number;
  /** Stream time in milliseconds, as the container or camera gave it. */
  readonly ptsMs: number;
  /** Event time in milliseconds since 1970: capture time of a live frame, start time + pts of a recorded one. */
  readonly atMs: number;
  /** Estimated wall time of capture; absent for recorded sources. */
  readonly capturedAtMs?: number;
  /** Size of the source picture, upright (after FFmpeg applied a rotation). */
  readonly source: Size;
  /** Width : height of one source pixel; absent when square. */
  readonly sampleAspect?: readonly [number, number];
}

/**
 * Shared ownership of one preallocated buffer of pixels. Starts with one holder; every `retain` needs one `release`, and
 * the buffer is used again after the last. Using `pixels` after that reads another frame.
 */
export interface FrameLease {
  readonly pixels: Uint8Array;
  retain(): void;
  release(): void;
}

/** Where the pixels of a frame lie: a slot of a frame ring of this host, perhaps another process'. */
export interface FrameInRing {
  readonly ringId: string;
  readonly slot: number;
  /** What the slot holds by then is another frame when its generation is another. */
  readonly generation: number;
}

/** A frame at the detector's size: planar YUV 4:2:0 (I420), content at the top left, padding grey. */
export interface DetectFrame {
  readonly kind: 'frame';
  readonly info: FrameInfo;
  readonly lease: FrameLease;
  /** The pixels are there, and the lease has none. */
  readonly inRing?: FrameInRing;
  /** Detections below this are of no use to who asks; absent: the model's own floor. */
  readonly minScore?: number;
  /** A frame not begun by then is `expired`, in the clock of the port it is given to; absent: what its channel says. */
  readonly deadlineMs?: number;
  /** Shares its run of the detector with no other frame: it is suspected of crashing it. Default false. */
  readonly isAlone?: boolean;
}

/** A picture for people to look at (I420); shares pts with the detect frames unless it is of a stream apart. */
export interface ViewFrame {
  readonly kind: 'view';
  readonly info: FrameInfo;
  /** Size of these pixels: the source's at the start of its decoder, to which FFmpeg scales pictures of a later size. */
  readonly size: Size;
  readonly lease: FrameLease;
  /** Of another stream than the detect frames: only event time tells which of them belong to it. Default false. */
  readonly isApart?: boolean;
}
