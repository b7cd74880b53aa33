import type { EventData } from '../../models/domain/event';
import type { FrameInfo } from '../../models/domain/frame';
import type { Box } from '../../models/domain/geometry';
import type { Speed, Track } from '../../models/domain/track';

/** What every event of a track tells. */
export type TrackData = Omit<EventData<'track.started'>, 'firstSeenPtsMs'>;

/** What every event of a track tells, as a frame shows it. */
export function trackEventData(
  { camera, trackId }: Pick<TrackData, 'camera' | 'trackId'>,
  track: Track,
  frame: FrameInfo,
  speed: Speed | undefined,
): TrackData {
  const [x1, y1, x2, y2] = track.box;
  const { width, height } = frame.source;
  return {
    camera,
    epoch: frame.segment.epoch,
    trackId,
    label: track.label,
    score: round(track.score, 4),
    box: [round(x1, 2), round(y1, 2), round(x2, 2), round(y2, 2)],
    boxFraction: [round(x1 / width, 5), round(y1 / height, 5), round(x2 / width, 5), round(y2 / height, 5)],
    ptsMs: toMs(frame.ptsMs),
    ...(frame.capturedAtMs !== undefined && { capturedAtMs: Math.round(frame.capturedAtMs) }),
    ...(speed !== undefined && { speed: { ...speed, value: round(speed.value, 4) } }),
  };
}

/** Bottom centre of a box in fractions of the picture: where an upright object stands. */
export function footOf([x1, , x2, y2]: Box, { source: { width, height } }: FrameInfo): [number, number] {
  return [round((x1 + x2) / 2 / width, 4), round(y2 / height, 4)];
}

/** Milliseconds as events bear them: to the microsecond. */
export const toMs = (value: number) => round(value, 3);

/** To so many digits behind the point. */
export const round = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits;
