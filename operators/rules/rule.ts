import type { FrameInfo } from '../../models/domain/frame';
import type { Box } from '../../models/domain/geometry';
import type { ResumedTrack } from '../../models/domain/resumed-camera';
import type { RuleFinding, Track, TrackedFrame } from '../../models/domain/track';

/** A track where it was seen, at an event time. Of a frame that shows it for the first time, also its earlier places. */
export interface Sighting {
  readonly track: Track;
  /** `keyOf` the track; every rule needs it. */
  readonly key: string;
  readonly box: Box;
  readonly atMs: number;
  /** The frame that is told of it; an earlier place has that of its confirmation. */
  readonly frame: FrameInfo;
}

/** One rule of one camera. Pure: no clock and no I/O; its state is that of live tracks. */
export interface Rule {
  /** A frame somebody looked at: all that was seen in it, in order of tracks, then time. */
  observe(sightings: readonly Sighting[]): readonly RuleFinding[];
  /** Tracks that are over. */
  end(tracks: readonly Track[]): readonly RuleFinding[];
  /** What an earlier run knew of these tracks, before the first frame. */
  resume?(tracks: readonly ResumedTrack[]): void;
  /** The rule is off for now: it forgets everybody. */
  pause(frame: FrameInfo): readonly RuleFinding[];
}

/** Names a track within its camera. */
export const keyOf = ({ epoch, number }: Track): string => `${epoch}-${number}`;

/** What a frame shows; nothing where nobody looked. What a track did before it was confirmed comes with its confirmation. */
export function sightingsOf({ frame, tracks, started, unobserved }: TrackedFrame): readonly Sighting[] {
  if (unobserved !== undefined) return [];
  const isNew = new Set(started.map(keyOf));
  return tracks.flatMap((track) => {
    if (!track.isVisible) return [];
    const key = keyOf(track);
    const now = { track, key, box: track.box, atMs: frame.atMs, frame };
    if (!isNew.has(key)) return [now];
    return [...(track.earlier ?? []).map(({ box, atMs }) => ({ track, key, box, atMs, frame })), now];
  });
}
