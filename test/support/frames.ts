import { cameraId } from '../../models/domain/frame';
import type { FrameInfo, FrameLease, ViewFrame } from '../../models/domain/frame';
import type { Detection } from '../../models/domain/detection';
import type { Observation, UnobservedReason } from '../../models/domain/observation';

export interface FrameChoices {
  readonly camera?: string;
  readonly seq?: number;
  /** Default: 10 frames a second from `seq`. */
  readonly ptsMs?: number;
  /** Default: `ptsMs` after 1970. */
  readonly atMs?: number;
  readonly epoch?: number;
  readonly isResumed?: boolean;
}

/** A frame of a recorded 640x480 camera, 10 frames a second. */
export function frameInfo({
  camera = 'door',
  seq = 0,
  ptsMs = seq * 100,
  atMs = ptsMs,
  epoch = 0,
  isResumed = false,
}: FrameChoices = {}): FrameInfo {
  return {
    cameraId: cameraId(camera),
    mode: 'recorded',
    segment: { epoch, isResumed },
    seq,
    ptsMs,
    atMs,
    source: { width: 640, height: 480 },
  };
}

/** A detection by centre and size in pixels. */
export function detectionAt(
  centreX: number,
  centreY: number,
  { label = 'person', score = 0.8, width = 40, height = 100 } = {},
): Detection {
  return {
    label,
    score,
    box: [centreX - width / 2, centreY - height / 2, centreX + width / 2, centreY + height / 2],
  };
}

/** A frame somebody looked at. */
export function observed(frame: FrameInfo, detections: readonly Detection[] = []): Observation {
  return { kind: 'observation', frame, detections };
}

/** A frame nobody looked at. */
export function unobserved(frame: FrameInfo, reason: UnobservedReason = 'superseded'): Observation {
  return { kind: 'observation', frame, unobserved: reason };
}

/** A view frame of no pixels; `isReleased` tells whether its one hold was given back. */
export function viewFrame(info: FrameInfo = frameInfo()): ViewFrame & { readonly isReleased: () => boolean } {
  let holds = 1;
  const lease: FrameLease = {
    pixels: new Uint8Array(0),
    retain: () => {
      holds++;
    },
    release: () => {
      holds--;
    },
  };
  return { kind: 'view', info, size: info.source, lease, isReleased: () => holds === 0 };
}
