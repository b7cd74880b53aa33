import { EMPTY, concat, concatMap, defer, of } from 'rxjs';
import type { OperatorFunction } from 'rxjs';
import type { CameraStatus } from '../../models/domain/camera-status';
import type { ViewFrame } from '../../models/domain/frame';
import type { Observation } from '../../models/domain/observation';
import type { ResumedCamera } from '../../models/domain/resumed-camera';
import type { EndedTrack, TrackEndReason, TrackedFrame, TracksClosed } from '../../models/domain/track';
import { resolveTrackerOptions } from '../tracking/options';
import type { TrackerOptions } from '../tracking/options';
import { createTracker } from '../tracking/tracker';
import type { Tracker, TrackUpdate } from '../tracking/tracker';

export interface TrackObjectsOptions extends TrackerOptions {
  /** Why the stream is over; asked when it is. */
  readonly endReason: () => 'completed' | 'stopped' | 'discontinuity';
  /** Tracks that an earlier run left open. Default: none. */
  readonly resume?: ResumedCamera | undefined;
}

type TrackInput = Observation | CameraStatus | ViewFrame;
type TrackOutput = TrackedFrame | TracksClosed | CameraStatus | ViewFrame;

/**
 * Follows the objects of one camera: every observation becomes one tracked frame, in order and at once; view frames and
 * camera statuses pass through in their places.
 *
 * A new epoch ends the open tracks (`discontinuity`, in that frame's `ended`) unless its segment is resumed; then they go on
 * with their stream times moved on to the new clock. Before a status that means the end (`lapsed`; `offline` because
 * completed or stopped) and at completion, tracks still open are closed by one `TracksClosed`; none is emitted when no track
 * is open. Other outages leave them open: the camera may be back within its resume window. Tracks of an earlier run go on
 * if the first segment is resumed; else they end, `restart`. Drops nothing; passes an error on
 * at once, its tracks untold. State per subscription: one tracker of bounded size. Throws a RangeError when an option is out
 * of range.
 */
export function trackObjects(options: TrackObjectsOptions): OperatorFunction<TrackInput, TrackOutput> {
  const { endReason, resume, ...trackerOptions } = options;
  resolveTrackerOptions(trackerOptions);

  return (source) =>
    defer(() => {
      const tracker = createTracker(trackerOptions);
      let epoch: number | undefined;
      let hasObserved = false;
      if (resume !== undefined) {
        tracker.resume(
          resume.tracks.map(({ track }) => track),
          resume.last,
        );
        epoch = resume.last.segment.epoch;
      }

      function observe(observation: Observation): TrackedFrame {
        const { frame } = observation;
        const { segment } = frame;
        let cut: readonly EndedTrack[] = [];
        if (epoch !== undefined && segment.epoch !== epoch) {
          if (segment.isResumed) tracker.rebase(frame);
          else cut = endAll('discontinuity');
        }
        epoch = segment.epoch;
        hasObserved = true;
        return trackFrame(tracker, observation, cut);
      }

      /** What this run has not looked for, it cannot have lost. */
      function endAll(reason: TrackEndReason): readonly EndedTrack[] {
        return tracker.endAll(hasObserved ? reason : 'restart');
      }

      function close(reason: 'discontinuity' | 'completed' | 'stopped'): TracksClosed[] {
        const ended = endAll(reason);
        return ended.length > 0 ? [{ kind: 'closed', ended }] : [];
      }

      function beforeStatus(status: CameraStatus): TracksClosed[] {
        if (status.status === 'lapsed') return close('discontinuity');
        const isOver =
          status.status === 'offline' && (status.cause === 'completed' || status.cause === 'stopped');
        return isOver ? close(endReason()) : [];
      }

      const tracked = source.pipe(
        concatMap((input): TrackOutput[] => {
          switch (input.kind) {
            case 'observation':
              return [observe(input)];
            case 'status':
              return [...beforeStatus(input), input];
            case 'view':
              return [input];
          }
        }),
      );
      return concat(
        tracked,
        defer(() => {
          const [closed] = close(endReason());
          return closed === undefined ? EMPTY : of(closed);
        }),
      );
    });
}

function trackFrame(tracker: Tracker, observation: Observation, cut: readonly EndedTrack[]): TrackedFrame {
  const { frame } = observation;
  const { tracks, started, ended } = updateOf(tracker, observation);
  const { isTracking, tracksUntilPtsMs } = tracker;
  return {
    kind: 'tracked',
    frame,
    ...('unobserved' in observation && { unobserved: observation.unobserved }),
    tracks,
    isTracking,
    tracksUntilPtsMs,
    started,
    ended: [...cut, ...ended],
  };
}

function updateOf(tracker: Tracker, observation: Observation): TrackUpdate {
  if ('detections' in observation) return tracker.update(observation.frame, observation.detections);
  return observation.unobserved === 'gated'
    ? tracker.pass(observation.frame)
    : tracker.skip(observation.frame);
}
