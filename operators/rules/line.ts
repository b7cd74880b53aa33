import type { Point } from '../../models/domain/polygon';
import type { Anchor } from '../../models/domain/rule';
import type { TrackFinding } from '../../models/domain/track';
import { anchorOf, createFilter, distance, sizeOf, toPixels } from './place';
import type { Filters } from './place';
import { keyOf } from './rule';
import type { Rule, Sighting } from './rule';

export interface LineOptions extends Filters {
  readonly name: string;
  /** Ends in fractions of the picture. Seen from the first towards the second, `in` is from the left to the right. */
  readonly points: readonly [Point, Point];
  readonly anchor: Anchor;
  /** Distance from the line, as part of the picture's height, within which nobody is on either side. */
  readonly band: number;
  /** Own sizes that an object must have moved since it was seen first. */
  readonly minMove: number;
}

interface Crosser {
  /** The side it was surely on last, -1 left, 1 right, 0 not known yet; and where that was, pixels. */
  side: -1 | 0 | 1;
  origin: Point;
  /** Where it was first, and how far from there it has been, pixels. */
  readonly first: Point;
  movedPx: number;
  /** As it was seen last. */
  place: Point;
  size: number;
  atMs: number;
}

/** The least band, as part of an object's size: detectors are off by as much from frame to frame. */
const BAND_OF_SIZE = 0.1;
/**
 * Between two looks no object moves by more than so many of its sizes, and so many more for each second between them, of
 * which half a one counts: what does has another's number.
 */
const MOST_SIZES = 2;
const MOST_SIZES_PER_SECOND = 10;
const MOST_SECONDS = 0.5;

/**
 * Who crosses a line, and which way: whoever was surely on one side, beyond the band, and then is on the other, having passed
 * between the line's ends. Who wobbles within the band counts once, or not at all; there and back counts both ways. What was
 * seen of a track before it was confirmed counts with its confirmation. A leap that no object makes does not.
 */
export function createLineRule(options: LineOptions): Rule {
  const { name: line, points, anchor, band, minMove } = options;
  const counts = createFilter(options);
  const crossers = new Map<string, Crosser>();

  function see(sighting: Sighting): TrackFinding[] {
    const { track, key, box, atMs, frame } = sighting;
    const [from, to] = [toPixels(points[0], frame.source), toPixels(points[1], frame.source)];
    const place = anchorOf(box, anchor);
    const size = sizeOf(box);
    const offPx = offsetOf(place, from, to);
    const isSure = Math.abs(offPx) > Math.max(band * frame.source.height, BAND_OF_SIZE * size);
    const side = isSure ? (offPx < 0 ? -1 : 1) : 0;
    const crosser = crossers.get(key);
    if (crosser === undefined || isLeap(crosser, { place, size, atMs })) {
      crossers.set(key, { side, origin: place, first: place, movedPx: 0, place, size, atMs });
      return [];
    }
    const movedPx = Math.max(crosser.movedPx, distance(crosser.first, place));
    crosser.place = place;
    crosser.size = size;
    crosser.atMs = atMs;
    crosser.movedPx = movedPx;
    if (side === 0) return [];
    const { side: before, origin } = crosser;
    const isOther = before !== 0 && before !== side;
    if (isOther && movedPx < minMove * size) return [];
    crosser.side = side;
    crosser.origin = place;
    if (!isOther || !counts(sighting) || !passesBetween(origin, place, from, to)) return [];
    return [{ type: 'line.crossed', line, direction: side > 0 ? 'in' : 'out', track, frame }];
  }

  return {
    observe: (sightings) => sightings.flatMap(see),
    end(tracks) {
      for (const track of tracks) crossers.delete(keyOf(track));
      return [];
    },
    pause() {
      crossers.clear();
      return [];
    },
  };
}

/** Signed distance of a point from the line through two others; positive to the right of the way from one to the other. */
function offsetOf([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  return ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / Math.hypot(bx - ax, by - ay);
}

/** True when the straight way between two places on different sides of a line leads through between its ends. */
function passesBetween(origin: Point, place: Point, from: Point, to: Point): boolean {
  const [before, after] = [offsetOf(origin, from, to), offsetOf(place, from, to)];
  const part = before / (before - after);
  const x = origin[0] + part * (place[0] - origin[0]);
  const y = origin[1] + part * (place[1] - origin[1]);
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const along = ((x - from[0]) * dx + (y - from[1]) * dy) / (dx ** 2 + dy ** 2);
  return along >= 0 && along <= 1;
}

function isLeap(before: Crosser, now: Pick<Crosser, 'place' | 'size' | 'atMs'>): boolean {
  const seconds = Math.min(Math.max(0, now.atMs - before.atMs) / 1000, MOST_SECONDS);
  const most = Math.max(before.size, now.size) * (MOST_SIZES + MOST_SIZES_PER_SECOND * seconds);
  return distance(before.place, now.place) > most;
}
