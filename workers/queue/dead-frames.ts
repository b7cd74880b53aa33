import type { DetectorInfo } from '../../models/domain/detect-port';
import type { Keys } from '../../models/domain/keys';
import type { RedisClient } from '../../models/support/redis';
import type { OutstandingFrame } from './outstanding';

export interface DeadFramesOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly detector: DetectorInfo;
  /** Pictures of people are not kept unless somebody asked for it. */
  readonly keepsPixels: boolean;
}

/** Entries of the stream with metadata alone, and with pixels. */
const KEPT = 1000;
const KEPT_WITH_PIXELS = 100;

/**
 * Writes down which frame ended the detector, so that a person can look into it: an entry of the stream `deadFrames` with the
 * fields `camera epoch seq ptsMs model sha256 losses silences` and, if asked for, `pixels` (I420 of the detector's size).
 * Never rejects: it is told of in the log and in the ledger too.
 */
export async function buryFrame(
  { client, keys, detector, keepsPixels }: DeadFramesOptions,
  { ticket, losses, silences }: OutstandingFrame,
): Promise<void> {
  const { info, lease } = ticket.frame;
  const facts = {
    camera: info.cameraId,
    epoch: info.segment.epoch,
    seq: info.seq,
    ptsMs: info.ptsMs,
    model: detector.name,
    sha256: detector.sha256,
    losses,
    silences,
  };
  const fields: (string | number | Buffer)[] = Object.entries(facts).flat();
  // A copy: the buffer is used again as soon as the frame is settled.
  if (keepsPixels) fields.push('pixels', Buffer.from(lease.pixels));
  const kept = keepsPixels ? KEPT_WITH_PIXELS : KEPT;
  await client.xadd(keys.deadFrames, 'MAXLEN', '~', kept, '*', ...fields).catch(() => undefined);
}
