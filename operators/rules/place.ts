import type { Box, Size } from '../../models/domain/geometry';
import type { Point, Polygon } from '../../models/domain/polygon';
import type { Anchor } from '../../models/domain/rule';
import type { Sighting } from './rule';

/** What every rule about places asks of an object. */
export interface Filters {
  /** Kinds that count; absent: all. */
  readonly labels?: readonly string[] | undefined;
  /** Least best score of the track. */
  readonly minScore: number;
  /** Least height of the box, as part of the picture's. */
  readonly minHeight: number;
}

/** Whether an object counts where it is seen. */
export function createFilter({ labels, minScore, minHeight }: Filters): (sighting: Sighting) => boolean {
  const wanted = labels === undefined ? undefined : new Set(labels);
  return ({ track, box, frame }) =>
    wanted?.has(track.label) !== false &&
    track.maxScore >= minScore &&
    box[3] - box[1] >= minHeight * frame.source.height;
}

/** The anchor of a box, in the unit of the box. */
export function anchorOf([x1, y1, x2, y2]: Box, anchor: Anchor): Point {
  return [(x1 + x2) / 2, anchor === 'bottom' ? y2 : (y1 + y2) / 2];
}

/** A place in fractions of a picture, in its pixels. */
export function toPixels([x, y]: Point, { width, height }: Size): Point {
  return [x * width, y * height];
}

/** True when a point lies within a polygon (even-odd rule); both in one unit. */
export function isInside([x, y]: Point, polygon: Polygon): boolean {
  let isIn = false;
  let [fromX, fromY] = polygon.at(-1)!;
  for (const [toX, toY] of polygon) {
    if (toY > y !== fromY > y && x < ((fromX - toX) * (y - toY)) / (fromY - toY) + toX) isIn = !isIn;
    [fromX, fromY] = [toX, toY];
  }
  return isIn;
}

/** How large an object seems: the root of its box's area. */
export function sizeOf([x1, y1, x2, y2]: Box): number {
  return Math.sqrt(Math.max(0, x2 - x1) * Math.max(0, y2 - y1));
}

/** Distance of two points. */
export function distance([ax, ay]: Point, [bx, by]: Point): number {
  return Math.hypot(bx - ax, by - ay);
}
