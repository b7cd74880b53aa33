import type { Box } from '../../models/domain/geometry';
import { CENTRE_X, CENTRE_Y, HEIGHT, WIDTH, measuredVariance } from './kalman';
import type { BoxFilter } from './kalman';
import { iouOfCorners } from './detection-set';

/** Where a track is expected, and how surely. Written anew in each frame. */
export interface Expectation {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
  /** Variance of the measured centre about the expected one, square pixels. */
  varianceX: number;
  varianceY: number;
}

/** Shares of overlap, motion and size in the cost; they add up to 1, so a cost without penalties is 0 to 1. */
const OVERLAP_WEIGHT = 0.7;
const MOTION_WEIGHT = 0.1;
const SIZE_WEIGHT = 0.2;
/** Squared distance in standard deviations of two coordinates within which a pair is possible without any overlap. */
const MOTION_GATE = 16;
/** Overlap that makes a pair possible whatever the filter expects: people turn round. */
const SURE_OVERLAP = 0.3;
/** The smaller over the larger side below which two boxes are not one object a moment later. */
const MIN_SIDE_RATIO = 0.4;

/** Sets what the filter expects to measure next; sizes stay within a factor of 2 of the last observation. */
export function setExpectation(expected: Expectation, filter: BoxFilter, last: Box): void {
  const width = within(filter[WIDTH]!, last[2] - last[0]);
  const height = within(filter[HEIGHT]!, last[3] - last[1]);
  const size = Math.sqrt(width * height);
  expected.x1 = filter[CENTRE_X]! - width / 2;
  expected.y1 = filter[CENTRE_Y]! - height / 2;
  expected.x2 = expected.x1 + width;
  expected.y2 = expected.y1 + height;
  expected.varianceX = measuredVariance(filter, CENTRE_X, size);
  expected.varianceY = measuredVariance(filter, CENTRE_Y, size);
}

/** An expectation of nothing, to be set. */
export function createExpectation(): Expectation {
  return { x1: 0, y1: 0, x2: 0, y2: 0, varianceX: 0, varianceY: 0 };
}

/**
 * How badly a detection fits an expectation: 0 (perfect) to 1, Infinity when it cannot be the same object. Made of overlap,
 * distance in the filter's own standard deviations (which reaches where fast or small objects no longer overlap) and
 * likeness of size (which keeps the person in front from the one behind).
 *
 * The overlap is that of the areas times that of the heights alone: of objects on a common ground, which those at other
 * distances share least (HMIoU of Hybrid-SORT, Yang et al. 2024).
 */
export function motionCost(expected: Expectation, corners: Float64Array, at: number): number {
  const { x1, y1, x2, y2, varianceX, varianceY } = expected;
  const dx1 = corners[at]!;
  const dy1 = corners[at + 1]!;
  const dx2 = corners[at + 2]!;
  const dy2 = corners[at + 3]!;
  const offX = (dx1 + dx2 - x1 - x2) / 2;
  const distanceX = (offX * offX) / varianceX;
  const sharedWidth = Math.min(dx2, x2) - Math.max(dx1, x1);
  // Most pairs of a crowded picture end here.
  if (sharedWidth <= 0 && distanceX > MOTION_GATE) return Infinity;
  const offY = (dy1 + dy2 - y1 - y2) / 2;
  const distance = distanceX + (offY * offY) / varianceY;
  const sharedHeight = Math.min(dy2, y2) - Math.max(dy1, y1);
  const isApart = sharedWidth <= 0 || sharedHeight <= 0;
  if (isApart && distance > MOTION_GATE) return Infinity;
  const width = x2 - x1;
  const height = y2 - y1;
  const detectedWidth = dx2 - dx1;
  const detectedHeight = dy2 - dy1;
  const widthRatio = ratio(detectedWidth, width);
  const heightRatio = ratio(detectedHeight, height);
  if (widthRatio < MIN_SIDE_RATIO || heightRatio < MIN_SIDE_RATIO) return Infinity;
  let overlap = 0;
  if (!isApart) {
    const shared = sharedWidth * sharedHeight;
    overlap = shared / (width * height + detectedWidth * detectedHeight - shared);
    if (distance > MOTION_GATE && overlap < SURE_OVERLAP) return Infinity;
    overlap *= sharedHeight / (height + detectedHeight - sharedHeight);
  }
  return (
    OVERLAP_WEIGHT * (1 - overlap) +
    MOTION_WEIGHT * Math.min(1, distance / MOTION_GATE) +
    SIZE_WEIGHT * (1 - Math.sqrt(widthRatio * heightRatio))
  );
}

/** The cost of finding a track again where it was last seen: 1 - overlap, Infinity without any or for another size. */
export function lastSeenCost(last: Box, corners: Float64Array, at: number): number {
  const overlap = iouOfCorners(corners, at, last[0], last[1], last[2], last[3]);
  if (overlap === 0) return Infinity;
  const widthRatio = ratio(corners[at + 2]! - corners[at]!, last[2] - last[0]);
  const heightRatio = ratio(corners[at + 3]! - corners[at + 1]!, last[3] - last[1]);
  return widthRatio < MIN_SIDE_RATIO || heightRatio < MIN_SIDE_RATIO ? Infinity : 1 - overlap;
}

/**
 * The cost on a grid of 2^-24. Sums of such numbers are exact, so mirror-image situations tie exactly and are decided by the
 * order of tracks and detections instead of by rounding.
 */
export function onGrid(cost: number): number {
  return Math.round(cost * 16_777_216) / 16_777_216;
}

function within(size: number, last: number): number {
  return Math.min(Math.max(size, last / 2), last * 2);
}

function ratio(a: number, b: number): number {
  return a < b ? a / b : b / a;
}
