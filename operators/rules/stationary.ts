import type { Point } from '../../models/domain/polygon';
import type { TrackFinding } from '../../models/domain/track';
import { anchorOf, distance, sizeOf } from './place';
import { keyOf } from './rule';
import type { Rule, Sighting } from './rule';

export interface StationaryOptions {
  /** Kinds that are told; absent: all. */
  readonly labels?: readonly string[] | undefined;
  /** Event time after which it is told, milliseconds. */
  readonly afterMs: number;
  /** Own sizes within which the centre stays. */
  readonly within: number;
}

interface Stand {
  place: Point;
  sinceMs: number;
  /** Since when it has been away from there. */
  awaySinceMs: number | undefined;
  isTold: boolean;
}

/** One box that is off is not a move. */
const AWAY_MS = 500;

/** Which objects stand still: told once of each, and once more when it moves again. */
export function createStationaryRule({ labels, afterMs, within }: StationaryOptions): Rule {
  const wanted = labels === undefined ? undefined : new Set(labels);
  const stands = new Map<string, Stand>();

  function see({ track, key, box, atMs, frame }: Sighting): TrackFinding[] {
    const place = anchorOf(box, 'centre');
    const stand = stands.get(key);
    if (stand === undefined) {
      stands.set(key, { place, sinceMs: atMs, awaySinceMs: undefined, isTold: false });
      return [];
    }
    if (distance(stand.place, place) > within * sizeOf(box)) {
      const awaySinceMs = (stand.awaySinceMs ??= atMs);
      if (atMs - awaySinceMs < AWAY_MS) return [];
      const stillMs = Math.max(0, awaySinceMs - stand.sinceMs);
      const wasTold = stand.isTold;
      Object.assign(stand, { place, sinceMs: atMs, awaySinceMs: undefined, isTold: false });
      return wasTold ? [{ type: 'object.moving', track, frame, stillMs }] : [];
    }
    stand.awaySinceMs = undefined;
    const stillMs = atMs - stand.sinceMs;
    if (stand.isTold || stillMs < afterMs || wanted?.has(track.label) === false) return [];
    stand.isTold = true;
    return [{ type: 'object.stationary', track, frame, stillMs }];
  }

  return {
    observe: (sightings) => sightings.flatMap(see),
    end(tracks) {
      for (const track of tracks) stands.delete(keyOf(track));
      return [];
    },
    resume(tracks) {
      for (const { track, stillSinceMs } of tracks) {
        if (stillSinceMs === undefined) continue;
        const place = anchorOf(track.box, 'centre');
        stands.set(keyOf(track), { place, sinceMs: stillSinceMs, awaySinceMs: undefined, isTold: true });
      }
    },
    pause() {
      stands.clear();
      return [];
    },
  };
}
