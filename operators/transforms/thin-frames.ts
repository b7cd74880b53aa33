import { defer, map } from 'rxjs';
import type { OperatorFunction } from 'rxjs';
import type { DetectFrame, FrameInfo } from '../../models/domain/frame';
import type { Ledger } from '../../models/domain/ledger';
import { toObservation } from '../../models/domain/observation';
import type { Observation, Outcome } from '../../models/domain/observation';

export interface ThinFramesOptions {
  /** Frames a second of stream time that go on, at most; undefined: all. Asked with each frame; 0 or less lets none pass. */
  readonly fps: () => number | undefined;
  readonly ledger: Ledger;
}

const THINNED: Outcome = { kind: 'dropped', reason: 'thinned' };
/** Cameras send a picture now a little early, now a little late: so much, or this part of the gap, is no reason to take the next. */
const EARLY_MS = 20;
const EARLY_PART = 0.1;

/**
 * Thins one camera's frames before the detector, evenly in stream time. A frame that is left out settles at once as
 * `dropped{thinned}`, gives its lease back and goes on in its place as an observation nobody made; other items pass.
 *
 * A new epoch begins with a frame that passes. A rate that changes counts from the last frame that passed. State: the place of
 * that frame. Errors pass on.
 */
export function thinFrames<T extends { readonly kind: string }>({
  fps,
  ledger,
}: ThinFramesOptions): OperatorFunction<DetectFrame | T, DetectFrame | Observation | T> {
  return (source) =>
    defer(() => {
      let epoch: number | undefined;
      /** Where the last frame that passed stands on an even grid, so that jitter does not lower the rate. */
      let passedMs = 0;

      function isDue({ segment, ptsMs }: FrameInfo): boolean {
        const maxFps = fps();
        const gapMs = maxFps === undefined ? 0 : maxFps > 0 ? 1000 / maxFps : Infinity;
        const earlyMs = Math.min(EARLY_MS, EARLY_PART * gapMs);
        const sinceMs = ptsMs - passedMs;
        const isAfresh = segment.epoch !== epoch || sinceMs < -earlyMs;
        if (gapMs === Infinity || (!isAfresh && sinceMs < gapMs - earlyMs)) return false;
        epoch = segment.epoch;
        passedMs = isAfresh || sinceMs >= 2 * gapMs ? ptsMs : passedMs + gapMs;
        return true;
      }

      return source.pipe(
        map((item) => {
          if (item.kind !== 'frame') return item;
          const { info, lease } = item as DetectFrame;
          if (isDue(info)) return item;
          lease.release();
          ledger.settle(info.segment.epoch, THINNED);
          return toObservation(info, THINNED);
        }),
      );
    });
}
