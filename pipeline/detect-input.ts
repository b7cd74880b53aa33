import { NEVER, fromEvent, merge, take } from 'rxjs';
import type { Observable } from 'rxjs';
import type { CameraStatus } from '../models/domain/camera-status';
import { systemClock } from '../models/domain/clock';
import type { Detection } from '../models/domain/detection';
import type { DetectPort } from '../models/domain/detect-port';
import { PipelineError } from '../models/domain/errors';
import type { FailureCode } from '../models/domain/errors';
import { cameraId } from '../models/domain/frame';
import type { ViewFrame } from '../models/domain/frame';
import { createLedger } from '../models/domain/ledger';
import type { Observation } from '../models/domain/observation';
import { cameraSource } from '../operators/sources/camera-source';
import { ffmpegFrames } from '../operators/sources/ffmpeg-frames';
import { detectFrames } from '../operators/transforms/detect-frames';
import type { Input } from './inputs';

export interface DetectInputOptions {
  readonly port: DetectPort;
  /** Ends the reading in good order: frames begun are still seen to. */
  readonly signal: AbortSignal;
  /** Ends it likewise; default: never. */
  readonly stop?: Observable<unknown>;
  /** Frames inside the detector at once. */
  readonly inFlight: number;
  /** Frames a second; default: every frame. */
  readonly maxFps?: number;
  readonly minScore: number;
  readonly isWanted?: (detection: Detection) => boolean;
  /** Resolves when what came of earlier frames has been taken in. */
  readonly ready?: () => Promise<void>;
  /** FFmpeg went past damaged or missing data. */
  readonly onDamage: (detail: string) => void;
}

/**
 * Decodes a picture or a video and gives each frame's observation, in order, without tracking: what `sightline run` does up to the
 * tracker. Rejects with a PipelineError that names the input when it cannot be decoded, or when frames were not looked at.
 */
export async function detectInput(
  input: Input,
  { port, signal, stop = NEVER, inFlight, maxFps, onDamage, ready, ...wanted }: DetectInputOptions,
  onObservation: (observation: Observation) => void,
): Promise<void> {
  const ledger = createLedger();
  const id = cameraId('input');
  let failure: PipelineError | undefined;
  const aborted = signal.aborted ? NEVER : fromEvent(signal, 'abort').pipe(take(1));
  const frames = cameraSource({
    cameraId: id,
    mode: 'recorded',
    clock: systemClock,
    ledger,
    startAtMs: 0,
    firstEpoch: 0,
    resumeWindowMs: 0,
    stop: merge(aborted, stop),
    onFailure: (error) => (failure = error),
    decode: () =>
      ffmpegFrames({
        request: {
          kind: input.kind,
          location: input.location,
          input: port.detector.input,
          ...(maxFps !== undefined && { maxFps }),
        },
        mode: 'recorded',
        detectBuffers: inFlight + 2,
        onDamage,
      }),
  }).pipe(
    detectFrames<CameraStatus | ViewFrame>({
      port,
      ledger,
      cameraId: id,
      mode: 'recorded',
      inFlight,
      maxLatencyMs: 0,
      ...wanted,
      ...(ready !== undefined && { ready }),
    }),
  );
  await frames.forEach((item) => {
    if (item.kind === 'observation') onObservation(item);
  });
  const [lost] = Object.entries(ledger.total().failed);
  if (failure !== undefined) throw new PipelineError(failure.code, `${input.displayName}: ${failure.detail}`);
  if (lost !== undefined) {
    throw new PipelineError(
      lost[0] as FailureCode,
      `${input.displayName}: ${lost[1]} frames were not looked at`,
    );
  }
}
