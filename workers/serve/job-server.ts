import type { Outcome } from '../../models/domain/observation';
import type { DetectJob, JobFrame } from '../wire/job';
import type { FrameReply, ReplyKind } from '../wire/reply';
import type { CameraChannels } from './camera-channels';
import type { PixelFetcher } from './pixel-fetcher';

export interface JobServerOptions {
  readonly pixels: PixelFetcher;
  readonly cameras: CameraChannels;
  readonly redisNowMs: () => number;
  /** True when nothing is to be begun any more. */
  readonly isLeaving: () => boolean;
}

/** Answers every frame of a job, in order, when all are settled; never rejects. */
export type JobServer = (job: DetectJob) => Promise<readonly FrameReply[]>;

/** Deadline, pixels, detector: what becomes of the frames of a job between the queue and the reply. */
export function createJobServer({ pixels, cameras, redisNowMs, isLeaving }: JobServerOptions): JobServer {
  async function look(producer: string, frames: readonly JobFrame[]): Promise<FrameReply[]> {
    const fetched = await pixels.fetch(producer, frames);
    return Promise.all(
      frames.map(async (frame, index) => {
        const found = fetched[index]!;
        if ('kind' in found) return reply(frame, found.kind);
        const outcome = await cameras.detect(producer, frame, found);
        return reply(frame, kindOf(outcome), outcome);
      }),
    );
  }

  return async ({ producer, frames }) => {
    if (isLeaving()) return frames.map((frame) => reply(frame, 'returned'));
    const nowMs = redisNowMs();
    const inTime = frames.filter(({ deadlineMs }) => deadlineMs === undefined || nowMs <= deadlineMs);
    const looked = await look(producer, inTime);
    let next = 0;
    return frames.map((frame) => (frame === inTime[next] ? looked[next++]! : reply(frame, 'expired')));
  };
}

function reply({ camera, epoch, seq, attempt }: JobFrame, kind: ReplyKind, outcome?: Outcome): FrameReply {
  const detections = outcome?.kind === 'detected' ? outcome.detections : [];
  return { camera, epoch, seq, attempt, kind, detections };
}

/** What the detector's outcome is called on the wire. */
export function kindOf(outcome: Outcome): ReplyKind {
  switch (outcome.kind) {
    case 'detected':
    case 'expired':
      return outcome.kind;
    case 'dropped':
      return outcome.reason === 'overwritten' || outcome.reason === 'unreachable'
        ? outcome.reason
        : 'returned';
    case 'failed':
      return outcome.code === 'worker_lost' ? 'lost' : 'refused';
  }
}
