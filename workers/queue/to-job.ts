import { PROTOCOL } from '../wire/job';
import type { DetectJob } from '../wire/job';
import type { OutstandingFrame } from './outstanding';

/** The job of frames that were placed; deadlines in Redis' time, which is `offsetMs` ahead of this process' wall clock. */
export function toJob(producer: string, frames: readonly OutstandingFrame[], offsetMs: number): DetectJob {
  return {
    v: PROTOCOL,
    producer,
    frames: frames.flatMap(({ ticket, attempt, pixels }) => {
      if (pixels === undefined) return [];
      const { info, minScore } = ticket.frame;
      return {
        camera: info.cameraId,
        epoch: info.segment.epoch,
        seq: info.seq,
        attempt,
        width: info.source.width,
        height: info.source.height,
        ...(minScore !== undefined && { minScore }),
        ...(ticket.deadlineMs !== undefined && { deadlineMs: Math.max(0, ticket.deadlineMs + offsetMs) }),
        pixels,
      };
    }),
  };
}
