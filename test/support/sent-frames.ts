import { cameraId } from '../../models/domain/frame';
import type { DetectFrame, SourceMode } from '../../models/domain/frame';
import type { DetectChannel, DetectPort } from '../../models/domain/detect-port';
import type { Outcome } from '../../models/domain/observation';
import { goldenFrames } from '../workers/support/pool-fixture';

export interface SenderOptions {
  readonly camera?: string;
  readonly mode?: SourceMode;
  readonly inFlight?: number;
  readonly maxLatencyMs?: number;
}

/** A camera of golden frames, sent by hand. */
export interface FrameSender {
  /** Sends a frame; its first byte may be set, by which a test tells it from others. */
  send(firstByte?: number): Promise<Outcome>;
  /** What became of the frames, in the order in which they were settled. */
  readonly outcomes: readonly Outcome[];
  readonly sent: number;
  close(): Promise<void>;
}

/** Opens a camera of a port. Live frames were captured when they are sent. */
export function createFrameSender(port: DetectPort, options: SenderOptions = {}): FrameSender {
  const { camera = 'a', mode = 'recorded', inFlight = 16, maxLatencyMs = 500 } = options;
  const channel: DetectChannel = port.open({ cameraId: cameraId(camera), mode, inFlight, maxLatencyMs });
  const outcomes: Outcome[] = [];
  let sent = 0;

  function frameOf(firstByte: number | undefined): DetectFrame {
    const seq = sent++;
    const atMs = Date.now();
    const pixels = Uint8Array.from(goldenFrames[seq % goldenFrames.length]!);
    if (firstByte !== undefined) pixels[0] = firstByte;
    return {
      kind: 'frame',
      info: {
        ...{ cameraId: cameraId(camera), mode, segment: { epoch: 0, isResumed: false }, seq },
        ...{ ptsMs: seq * 100, atMs, source: { width: 416, height: 256 } },
        ...(mode === 'live' && { capturedAtMs: atMs }),
      },
      lease: { pixels, retain: () => undefined, release: () => undefined },
    };
  }

  return {
    outcomes,
    get sent() {
      return sent;
    },
    async send(firstByte) {
      const outcome = await channel.detect(frameOf(firstByte));
      outcomes.push(outcome);
      return outcome;
    },
    close: () => channel.close(),
  };
}
