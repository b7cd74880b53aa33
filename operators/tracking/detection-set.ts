import type { Detection } from '../../models/domain/detection';
import { resolveTrackerOptions } from './options';

/** One frame's detections as the association sees them: checked, sorted, bounded. */
export interface DetectionSet {
  readonly detections: readonly Detection[];
  /** Corners x1, y1, x2, y2 of each, in the same order. */
  readonly corners: Float64Array;
  /** How many, from the start, have at least the high score. */
  readonly highCount: number;
}

export interface DetectionSetOptions {
  readonly highScore: number;
  readonly lowScore: number;
  readonly duplicateIou: number;
  readonly maxDetections: number;
}

/** Beyond any picture; keeps products of four coordinates finite. */
const MAX_COORDINATE_PX = 1e7;

/** No object: sides so small that their squares, by which noise is scaled, are no numbers to divide by. */
const MIN_SIDE_PX = 1e-3;

/**
 * The usable detections of a frame, best score first. The order is total, so the order they were given in cannot matter;
 * empty, inverted and non-finite boxes and scores below `lowScore` are left out, and so are duplicates across classes.
 */
export function createDetectionSet(
  given: readonly Detection[],
  { highScore, lowScore, duplicateIou, maxDetections }: DetectionSetOptions,
): DetectionSet {
  const sorted = given.filter((detection) => isUsable(detection, lowScore)).sort(compareDetections);
  const corners = new Float64Array(Math.min(sorted.length, maxDetections) * 4);
  const detections: Detection[] = [];
  let highCount = 0;
  for (const detection of sorted) {
    if (detections.length >= maxDetections) break;
    const { box } = detection;
    if (hasDuplicate(detections, corners, detection, duplicateIou)) continue;
    corners.set(box, detections.length * 4);
    detections.push(detection);
    if (detection.score >= highScore) highCount++;
  }
  return { detections, corners, highCount };
}

/**
 * Without what a better box of another label covers (`duplicateIou`), best score first: what a tracker would take for the
 * objects of a frame, where there is none.
 */
export function withoutDuplicates(given: readonly Detection[]): readonly Detection[] {
  const { duplicateIou } = resolveTrackerOptions();
  return createDetectionSet(given, { highScore: 0, lowScore: 0, duplicateIou, maxDetections: given.length })
    .detections;
}

function isUsable({ score, box: [x1, y1, x2, y2] }: Detection, lowScore: number): boolean {
  // Comparisons with NaN are false, so each of these also refuses NaN.
  return (
    score >= lowScore &&
    score < Infinity &&
    x2 - x1 >= MIN_SIDE_PX &&
    y2 - y1 >= MIN_SIDE_PX &&
    x1 > -MAX_COORDINATE_PX &&
    y1 > -MAX_COORDINATE_PX &&
    x2 < MAX_COORDINATE_PX &&
    y2 < MAX_COORDINATE_PX
  );
}

function compareDetections(a: Detection, b: Detection): number {
  if (a.score !== b.score) return b.score - a.score;
  for (let i = 0; i < 4; i++) {
    const difference = a.box[i]! - b.box[i]!;
    if (difference !== 0) return difference;
  }
  if (a.label === b.label) return 0;
  return a.label < b.label ? -1 : 1;
}

function hasDuplicate(
  kept: readonly Detection[],
  corners: Float64Array,
  { label, box }: Detection,
  duplicateIou: number,
): boolean {
  for (let i = 0; i < kept.length; i++) {
    if (kept[i]!.label === label) continue;
    if (iouOfCorners(corners, i * 4, box[0], box[1], box[2], box[3]) >= duplicateIou) return true;
  }
  return false;
}

/** Overlap of the box at `at` in `corners` with another; both have an area. */
export function iouOfCorners(
  corners: Float64Array,
  at: number,
  x1: number,
  y1: number,
  x2: number,
  y2: number,
): number {
  const ax1 = corners[at]!;
  const ay1 = corners[at + 1]!;
  const ax2 = corners[at + 2]!;
  const ay2 = corners[at + 3]!;
  const width = Math.min(ax2, x2) - Math.max(ax1, x1);
  if (width <= 0) return 0;
  const height = Math.min(ay2, y2) - Math.max(ay1, y1);
  if (height <= 0) return 0;
  const shared = width * height;
  return shared / ((ax2 - ax1) * (ay2 - ay1) + (x2 - x1) * (y2 - y1) - shared);
}
