import { Subject, concatMap, defer, finalize, map, of, take, tap } from 'rxjs';
import type { Observable, OperatorFunction } from 'rxjs';
import type { DetectFrame, FrameInfo, FrameLease, SourceMode } from '../../models/domain/frame';
import { fitInside } from '../../models/domain/geometry';
import type { Size } from '../../models/domain/geometry';
import type { Ledger } from '../../models/domain/ledger';
import { toObservation } from '../../models/domain/observation';
import type { Observation, Outcome } from '../../models/domain/observation';
import type { TrackedFrame } from '../../models/domain/track';
import { createLookPolicy } from '../motion/look-policy';
import type { LookPolicy, LookPolicyOptions } from '../motion/look-policy';
import { createMotionModel } from '../motion/motion-model';
import type { MotionModel, MotionModelOptions } from '../motion/motion-model';

export interface MotionGateOptions extends MotionModelOptions, LookPolicyOptions {
  readonly mode: SourceMode;
  readonly ledger: Ledger;
  /** Size of the detect frames. */
  readonly input: Size;
  /** What became of every frame and observation emitted here, in order; nothing else. */
  readonly tracked: Observable<Tracked>;
}

/** What the gate needs of a tracked frame. */
type Tracked = Pick<TrackedFrame, 'frame' | 'unobserved' | 'isTracking' | 'tracksUntilPtsMs'>;

/** Anything else that travels with the frames, perhaps holding pixels. */
interface Other {
  readonly kind: string;
  readonly lease?: FrameLease;
}

const GATED: Outcome = { kind: 'dropped', reason: 'gated' };
const STOPPED: Outcome = { kind: 'dropped', reason: 'stopped' };
/**
 * Frames and observations on their way to the tracker at most: where a stalled sink holds them up, frames are passed on,
 * which run out of buffers.
 */
const MOST_ON_THEIR_WAY = 256;

/**
 * Passes on the frames worth a look: those in which something moves, for `holdMs` after it, one every `everyMs`, and every one
 * while the tracker follows anything. Of each other frame it settles `dropped{gated}` in the ledger, gives back the lease and
 * emits the unobserved observation in its place. Other items keep their places.
 *
 * Live: decided at once, by what the tracker says by then. Recorded: a frame that only the tracker could want waits until all
 * frames before it were tracked, unless a track must live until then, so that the same frames are looked at on every run,
 * however fast the detector is. A new segment, or a picture of another size, begins with a look. Never errors by itself. When
 * the consumer leaves, what waits is settled and released. State per subscription: a model of the picture, of a size given by
 * the first picture's.
 *
 * Throws a RangeError when an option is out of range.
 */
export function motionGate<T extends Other>(
  options: MotionGateOptions,
): OperatorFunction<DetectFrame | T, DetectFrame | Observation | T> {
  checkOptions(options);
  const { mode, ledger, tracked } = options;

  return (source) =>
    defer(() => {
      const judge = createJudge(options);
      const caughtUp = new Subject<void>();
      const waiting = new Set<DetectFrame | T>();
      let onTheirWay = 0;
      let latest: Tracked | undefined;
      const following = tracked.subscribe((one) => {
        onTheirWay--;
        latest = one;
        if (one.unobserved !== undefined && one.unobserved !== 'gated') judge.missed(one.frame);
        if (onTheirWay === 0) caughtUp.next();
      });
      const isTracking = () => latest?.isTracking === true;
      const isSurelyTracking = ({ info }: DetectFrame) =>
        latest !== undefined &&
        latest.frame.segment.epoch === info.segment.epoch &&
        info.ptsMs < latest.tracksUntilPtsMs;

      function settle(frame: DetectFrame, isWanted: boolean): DetectFrame | Observation {
        waiting.delete(frame);
        onTheirWay++;
        if (isWanted) {
          judge.looking(frame);
          return frame;
        }
        ledger.settle(frame.info.segment.epoch, GATED);
        frame.lease.release();
        return toObservation(frame.info, GATED);
      }

      function decide(frame: DetectFrame): Observable<DetectFrame | Observation> {
        const isDue = judge.isDue(frame) || isSurelyTracking(frame);
        if (isDue || mode === 'live' || onTheirWay === 0)
          return of(settle(frame, isDue || isTracking() || onTheirWay >= MOST_ON_THEIR_WAY));
        return caughtUp.pipe(
          take(1),
          map(() => settle(frame, isTracking() || judge.isOverdue(frame))),
        );
      }

      return source.pipe(
        tap((item) => {
          if (item.lease !== undefined) waiting.add(item);
        }),
        concatMap((item): Observable<DetectFrame | Observation | T> => {
          if (item.kind === 'frame') return decide(item as DetectFrame);
          waiting.delete(item);
          return of(item);
        }),
        finalize(() => {
          following.unsubscribe();
          for (const item of waiting) {
            item.lease?.release();
            if (item.kind === 'frame') ledger.settle((item as DetectFrame).info.segment.epoch, STOPPED);
          }
        }),
      );
    });
}

/** Model and policy of whatever segment and size the frames have. */
function createJudge(options: MotionGateOptions) {
  const { input } = options;
  let epoch: number | undefined;
  let content: Size | undefined;
  let model: MotionModel | undefined;
  let policy: LookPolicy = createLookPolicy(options);

  return {
    /** To be asked once for each frame, in order: the model learns from it. */
    isDue({ info, lease }: DetectFrame): boolean {
      const size = fitInside(info.source, input);
      if (model === undefined || size.width !== content?.width || size.height !== content.height) {
        model = createMotionModel(size, input.width, options);
        policy = createLookPolicy(options);
      } else if (info.segment.epoch !== epoch) {
        model.reset();
        policy = createLookPolicy(options);
      }
      content = size;
      ({ epoch } = info.segment);
      return policy.isDue(info.ptsMs, model.update(info.ptsMs, lease.pixels));
    },
    isOverdue: ({ info }: DetectFrame) => policy.isOverdue(info.ptsMs),
    looking: ({ info }: DetectFrame) => policy.looking(info.ptsMs),
    missed(info: FrameInfo): void {
      if (info.segment.epoch === epoch) policy.missed(info.ptsMs);
    },
  };
}

function checkOptions({ minContrast, minAreaFraction, holdMs, everyMs }: MotionGateOptions): void {
  const expect = (isTrue: boolean, name: string, expected: string, value: number) => {
    if (!isTrue) throw new RangeError(`motionGate: ${name}: expected ${expected}, got ${value}`);
  };
  expect(minContrast > 0, 'minContrast', 'more than 0', minContrast);
  expect(
    minAreaFraction >= 0 && minAreaFraction <= 1,
    'minAreaFraction',
    'a number from 0 to 1',
    minAreaFraction,
  );
  expect(holdMs >= 0, 'holdMs', '0 or more', holdMs);
  expect(everyMs > 0, 'everyMs', 'more than 0', everyMs);
}
