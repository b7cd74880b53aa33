import { concatMap, defer, finalize, from, map, of } from 'rxjs';
import type { Observable, OperatorFunction } from 'rxjs';
import type { Detection } from '../../models/domain/detection';
import type { DetectChannelOptions, DetectPort } from '../../models/domain/detect-port';
import type { DetectFrame, FrameLease } from '../../models/domain/frame';
import type { Ledger } from '../../models/domain/ledger';
import { toObservation } from '../../models/domain/observation';
import type { Observation } from '../../models/domain/observation';

export interface DetectFramesOptions extends DetectChannelOptions {
  readonly port: DetectPort;
  readonly ledger: Ledger;
  /** Least score that is of use here: what need not be sorted out, sent and looked at again. Default: the model's floor. */
  readonly minScore?: number;
  /** Detections that this camera wants; default: all. */
  readonly isWanted?: (detection: Detection) => boolean;
  /**
   * Resolves when what came of earlier frames has been taken in. Awaited before a frame is handed over, so that a sink which
   * stalls holds the source back (recorded) or costs counted frames (live), never memory. Must resolve in order of asking.
   */
  readonly ready?: () => Promise<void>;
}

/** Anything else that travels with the frames, perhaps holding pixels. */
interface Other {
  readonly kind: string;
  readonly lease?: FrameLease;
}

/**
 * Sends frames to the detector and emits an observation for each, in the order of the frames; other items keep their
 * place between them. Frames are handed over as they come, and the port decides how many run at once.
 *
 * Never errors by itself: a frame that was not looked at is an observation with a reason, counted in the ledger. When the
 * consumer leaves, frames not yet begun are settled and every lease is given back.
 */
export function detectFrames<T extends Other>(
  options: DetectFramesOptions,
): OperatorFunction<DetectFrame | T, Observation | T> {
  const { port, ledger, isWanted, ready, inFlight, minScore } = options;
  if (!(inFlight >= 1)) throw new RangeError(`detectFrames: expected inFlight of 1 or more, got ${inFlight}`);

  async function observe(channel: ReturnType<DetectPort['open']>, frame: DetectFrame): Promise<Observation> {
    await ready?.();
    const outcome = await channel.detect(minScore === undefined ? frame : { ...frame, minScore });
    ledger.settle(frame.info.segment.epoch, outcome);
    const observation = toObservation(frame.info, outcome);
    if (isWanted === undefined || !('detections' in observation)) return observation;
    return { ...observation, detections: observation.detections.filter(isWanted) };
  }

  return (source) =>
    defer(() => {
      const channel = port.open(options);
      const waiting = new Set<FrameLease>();
      return source.pipe(
        map((item): Observable<Observation> | Exclude<T, DetectFrame> => {
          if (item.kind === 'frame') return from(observe(channel, item as DetectFrame));
          const other = item as Exclude<T, DetectFrame>;
          if (other.lease !== undefined) waiting.add(other.lease);
          return other;
        }),
        concatMap((item): Observable<Observation | T> => {
          if (!('kind' in item)) return item;
          if (item.lease !== undefined) waiting.delete(item.lease);
          return of(item);
        }),
        finalize(() => {
          for (const lease of waiting) lease.release();
          void channel.close();
        }),
      );
    });
}
