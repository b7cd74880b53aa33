import type { CameraId, DetectFrame, SourceMode } from './frame';
import type { Outcome } from './observation';
import type { Size } from './geometry';

/** What a pipeline needs to know of the detector it sends frames to; no weights. */
export interface DetectorInfo {
  readonly name: string;
  readonly sha256: string;
  /** Names all that decides what is found in a frame (`fingerprintOf`): equal ones find the same. */
  readonly fingerprint: string;
  /** Size of the picture the detector takes; frames hold `width * height * 3 / 2` bytes. */
  readonly input: Size;
  readonly labels: readonly string[];
  /** The model card's score from which a detection counts. */
  readonly defaultMinScore: number;
}

export interface DetectChannelOptions {
  readonly cameraId: CameraId;
  readonly mode: SourceMode;
  /** Frames of this camera inside the detector at once, beside those that wait. */
  readonly inFlight: number;
  /** Live: a frame not begun by `capturedAtMs + maxLatencyMs` is `expired`. */
  readonly maxLatencyMs: number;
}

/** One camera's way into the detector. */
export interface DetectChannel {
  /**
   * Hands over a frame and one hold on its lease, which the port releases when it is done with the pixels. Never rejects;
   * settles exactly once. Live: at most one frame waits for a credit, and a newer one settles it as
   * `dropped{superseded}`. Recorded: frames wait in order, bounded by the caller's own frame buffers.
   */
  detect(frame: DetectFrame): Promise<Outcome>;
  /** Settles what waits as `dropped{stopped}`; resolves when nothing of this camera is in the detector. */
  close(): Promise<void>;
}

/**
 * The only seam between one process and many. It grants credits (a bounded number of frames a camera and in all) and
 * settles each accepted frame exactly once, whatever happens to the processes behind it.
 */
export interface DetectPort {
  readonly detector: DetectorInfo;
  open(options: DetectChannelOptions): DetectChannel;
  /** False while there is nobody behind the port who could look at a frame. Absent: there always is. */
  readonly isServed?: () => boolean;
  /** Ends the processes behind the port. Frames in flight settle as `dropped{stopped}`. */
  close(): Promise<void>;
}
