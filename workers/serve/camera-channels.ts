import type { DetectChannel, DetectPort } from '../../models/domain/detect-port';
import type { Outcome } from '../../models/domain/observation';
import type { JobFrame } from '../wire/job';
import type { Pixels } from './pixels';

/** The detector's channels of all cameras of all producers. */
export interface CameraChannels {
  /** Hands a frame and its pixels to the detector; never rejects. */
  detect(producer: string, frame: JobFrame, pixels: Pixels): Promise<Outcome>;
}

/**
 * One channel for each camera that has a frame in work, so that the detector takes turns between cameras, whatever jobs
 * their frames came in. A channel is closed with its last frame. Nothing is superseded here: who sent a frame has chosen
 * it, and a deadline travels with it.
 */
export function createCameraChannels(port: DetectPort, inFlight: number): CameraChannels {
  const channels = new Map<string, { readonly channel: DetectChannel; frames: number }>();

  function take(key: string, cameraId: JobFrame['camera']) {
    const known = channels.get(key);
    if (known !== undefined) return known;
    const channel = port.open({ cameraId, mode: 'recorded', inFlight, maxLatencyMs: 0 });
    const opened = { channel, frames: 0 };
    channels.set(key, opened);
    return opened;
  }

  return {
    async detect(producer, frame, pixels) {
      const { camera, epoch, seq, attempt, width, height, minScore, deadlineMs } = frame;
      const key = `${producer}/${camera}`;
      const taken = take(key, camera);
      taken.frames++;
      const outcome = await taken.channel.detect({
        kind: 'frame',
        info: {
          cameraId: camera,
          mode: 'recorded',
          segment: { epoch, isResumed: false },
          seq,
          ptsMs: 0,
          atMs: 0,
          source: { width, height },
        },
        ...pixels,
        ...(minScore !== undefined && { minScore }),
        ...(deadlineMs !== undefined && { deadlineMs }),
        isAlone: attempt > 1,
      });
      if (--taken.frames === 0) {
        channels.delete(key);
        void taken.channel.close();
      }
      return outcome;
    },
  };
}
