import type { BoxStats } from '../../models/domain/event-sink';
import type { TrackedFrame } from '../../models/domain/track';
import type { Keys } from '../../models/domain/keys';
import type { RedisClient } from '../../models/support/redis';
import { round, toMs } from '../support/track-event-data';

export interface BoxWriterOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  /** Frames that each camera's stream keeps, about. */
  readonly maxLen: number;
}

/** Tracked frames for overlays: each camera's newest, in a short stream of its own. */
export interface BoxWriter {
  /** Takes a frame, or drops it: never waits. Frames at which nobody looked are left out. */
  write(frame: TrackedFrame): void;
  stats(): BoxStats;
}

/** Frames that gather while others are on their way; the oldest give way. */
const MAX_WAITING = 256;
/** A stream without a camera is gone after this. */
const EXPIRE_MS = 60_000;

/**
 * Writes one entry a frame with the fields `epoch ptsMs atMs width height data`, where `data` is a JSON array of `{trackId, label,
 * score, box, isVisible}`. At most one batch is on its way; what does not get there is dropped, and counted.
 */
export function createBoxWriter({ client, keys, maxLen }: BoxWriterOptions): BoxWriter {
  let waiting: TrackedFrame[] = [];
  let isSending = false;
  let written = 0;
  let dropped = 0;

  async function sendAll(): Promise<void> {
    isSending = true;
    // Those of one moment go together.
    await new Promise(setImmediate);
    while (waiting.length > 0) {
      const frames = waiting;
      waiting = [];
      const cameras = new Set(frames.map(({ frame }) => frame.cameraId));
      const [results] = await Promise.all([
        Promise.allSettled(frames.map(append)),
        Promise.allSettled([...cameras].map((camera) => client.pexpire(keys.boxes(camera), EXPIRE_MS))),
      ]);
      const lost = results.filter(({ status }) => status === 'rejected').length;
      dropped += lost;
      written += frames.length - lost;
    }
    isSending = false;
  }

  function append({ frame, tracks }: TrackedFrame): Promise<unknown> {
    const { cameraId, segment, source } = frame;
    const boxes = tracks.map(({ epoch, number, label, score, box, isVisible }) => ({
      trackId: `${cameraId}-${String(epoch)}-${String(number)}`,
      label,
      score: round(score, 4),
      box: box.map((edge) => round(edge, 2)),
      isVisible,
    }));
    const fields = {
      epoch: segment.epoch,
      ptsMs: toMs(frame.ptsMs),
      atMs: Math.round(frame.atMs),
      width: source.width,
      height: source.height,
      data: JSON.stringify(boxes),
    };
    return client.xadd(keys.boxes(cameraId), 'MAXLEN', '~', maxLen, '*', ...Object.entries(fields).flat());
  }

  return {
    write(frame) {
      if (frame.unobserved !== undefined) return;
      if (client.status !== 'ready') {
        dropped++;
        return;
      }
      waiting.push(frame);
      if (waiting.length > MAX_WAITING) {
        waiting.shift();
        dropped++;
      }
      if (!isSending) void sendAll();
    },
    stats: () => ({ written, dropped }),
  };
}
