import type { FrameInfo } from '../../models/domain/frame';
import type { Polygon } from '../../models/domain/polygon';
import type { Anchor } from '../../models/domain/rule';
import type { Track, TrackFinding } from '../../models/domain/track';
import { anchorOf, createFilter, isInside } from './place';
import type { Filters } from './place';
import { keyOf } from './rule';
import type { Rule, Sighting } from './rule';

export interface ZoneOptions extends Filters {
  readonly name: string;
  /** Corners in fractions of the picture. */
  readonly points: Polygon;
  readonly anchor: Anchor;
  /** Event time for which an object must stay inside before it has entered, and outside before it has left. */
  readonly enterMs: number;
  readonly leaveMs: number;
  /** Event time inside after which it is told once; absent: never. */
  readonly dwellMs?: number | undefined;
  readonly loiterMs?: number | undefined;
}

interface Visit {
  /** As it was seen last. */
  track: Track;
  frame: FrameInfo;
  atMs: number;
  isInside: boolean;
  /** Since when it has been on the other side without a break. */
  otherSinceMs: number | undefined;
  enteredAtMs: number;
  readonly told: Set<'zone.dwell' | 'zone.loitering'>;
}

/** What most sightings are to most zones. */
const NOTHING: readonly TrackFinding[] = [];

export interface ZoneRule extends Rule {
  /** How many are inside. */
  count(): number;
}

/**
 * Who enters a zone, stays and leaves. An object changes sides only once its anchor has been on the other one for `enterMs` or
 * `leaveMs`: who wobbles on the border does not. Times count from when it was there first. Where it is not seen proves
 * nothing. What ends inside has left when it was last seen.
 */
export function createZoneRule(options: ZoneOptions): ZoneRule {
  const { name: zone, points, anchor, enterMs, leaveMs } = options;
  const counts = createFilter(options);
  const visits = new Map<string, Visit>();
  const stays = [
    ['zone.dwell', options.dwellMs],
    ['zone.loitering', options.loiterMs],
  ] as const;

  function left({ track, frame, enteredAtMs }: Visit, atMs: number): TrackFinding {
    return { type: 'zone.left', zone, track, frame, dwellMs: Math.max(0, atMs - enteredAtMs) };
  }

  function visitOf({ track, key, frame, atMs }: Sighting): Visit {
    const known = visits.get(key);
    if (known !== undefined) return Object.assign(known, { track, frame, atMs });
    const told: Visit['told'] = new Set();
    return { track, frame, atMs, isInside: false, otherSinceMs: undefined, enteredAtMs: 0, told };
  }

  /** Changes sides when it is time. */
  function move(visit: Visit, isIn: boolean): TrackFinding[] {
    const { atMs, track, frame } = visit;
    if (isIn === visit.isInside) {
      visit.otherSinceMs = undefined;
      return [];
    }
    const since = (visit.otherSinceMs ??= atMs);
    if (atMs - since < (isIn ? enterMs : leaveMs)) return [];
    visit.isInside = isIn;
    visit.otherSinceMs = undefined;
    if (!isIn) return [left(visit, since)];
    visit.enteredAtMs = since;
    visit.told.clear();
    return [{ type: 'zone.entered', zone, track, frame }];
  }

  function see(sighting: Sighting): readonly TrackFinding[] {
    const { track, key, box, frame } = sighting;
    const [x, y] = anchorOf(box, anchor);
    const isIn = isInside([x / frame.source.width, y / frame.source.height], points) && counts(sighting);
    if (!isIn && !visits.has(key)) return NOTHING;
    const visit = visitOf(sighting);
    const findings = move(visit, isIn);
    if (visit.isInside || visit.otherSinceMs !== undefined) visits.set(key, visit);
    else visits.delete(key);
    const dwellMs = visit.atMs - visit.enteredAtMs;
    for (const [type, afterMs] of stays) {
      // Who is on the way out does not stay.
      if (!visit.isInside || !isIn || afterMs === undefined || dwellMs < afterMs || visit.told.has(type))
        continue;
      visit.told.add(type);
      findings.push({ type, zone, track, frame, dwellMs });
    }
    return findings;
  }

  return {
    observe: (sightings) => sightings.flatMap(see),
    end: (tracks) =>
      tracks.flatMap((track) => {
        const visit = visits.get(keyOf(track));
        visits.delete(keyOf(track));
        return visit?.isInside === true ? [left(visit, visit.otherSinceMs ?? visit.atMs)] : [];
      }),
    resume(tracks) {
      for (const { track, frame, visits: begun } of tracks) {
        const visit = begun.find((one) => one.zone === zone);
        if (visit === undefined) continue;
        visits.set(keyOf(track), {
          ...{ track, frame, atMs: frame.atMs, isInside: true, otherSinceMs: undefined },
          enteredAtMs: visit.enteredAtMs - enterMs,
          told: new Set(visit.told),
        });
      }
    },
    pause(frame) {
      const inside = [...visits.values()].filter((visit) => visit.isInside);
      visits.clear();
      return inside.map((visit) => left({ ...visit, frame }, visit.otherSinceMs ?? frame.atMs));
    },
    count() {
      let count = 0;
      for (const visit of visits.values()) if (visit.isInside) count++;
      return count;
    },
  };
}
