import type { Box } from '../../models/domain/geometry';
import { CENTRE_X, CENTRE_Y, HEIGHT, WIDTH, measuredVariance } from './kalman';
import type { BoxFilter } from './kalman';
import { iouOfCorners } from './detection-set';

/** Where a track is expected, and how surely. */
export interface Expectation {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  /** Variance of the measured centre about the expected one, square pixels. */
  readonly varianceX: number;
  readonly varianceY: number;
}

/** Shares of overlap, motion and size in the cost; they add up to 1, so a cost without penalties is 0 to 1. */
const OVERLAP_WEIGHT = 0.6;
const MOTION_WEIGHT = 0.25;
const SIZE_WEIGHT = 0.15;
/** Squared distance in standard deviations of two coordinates that 99 % of right pairs keep (chi-square, 2 degrees). */
const MOTION_GATE = 9.21;
/** Overlap that makes a pair possible whatever the filter expects: people turn round. */
const SURE_OVERLAP = 0.3;
/** The smaller over the larger side below which two boxes are not one object a moment later. */
const MIN_SIDE_RATIO = 0.4;

/** What the filter expects to measure next; sizes stay within a factor of 2 of the last observation. */
export function expectationOf(filter: BoxFilter, last: Box): Expectation {
  const width = within(filter[WIDTH]!, last[2] - last[0]);
  const height = within(filter[HEIGHT]!, last[3] - last[1]);
  const size = Math.sqrt(width * height);
  const x1 = filter[CENTRE_X]! - width / 2;
  const y1 = filter[CENTRE_Y]! - height / 2;
  return {
    x1,
    y1,
    x2: x1 + width,
    y2: y1 + height,
    varianceX: measuredVariance(filter, CENTRE_X, size),
    varianceY: measuredVariance(filter, CENTRE_Y, size),
  };
}

/**
 * How badly a detection fits an expectation: 0 (perfect) to 1, Infinity when it cannot be the same object. Made of overlap,
 * distance in the filter's own standard deviations (which reaches where fast or small objects no longer overlap) and
 * likeness of size (which keeps the person in front from the one behind).
 */
export function motionCost(expected: Expectation, corners: Float64Array, at: number): number {
  const { x1, y1, x2, y2, varianceX, varianceY } = expected;
  const dx1 = corners[at]!;
  const dy1 = corners[at + 1]!;
  const dx2 = corners[at + 2]!;
  const dy2 = corners[at + 3]!;
  const offX = (dx1 + dx2 - x1 - x2) / 2;
  const offY = (dy1 + dy2 - y1 - y2) / 2;
  const distance = (offX * offX) / varianceX + (offY * offY) / varianceY;
  const overlap = iouOfCorners(corners, at, x1, y1, x2, y2);
  if (distance > MOTION_GATE && overlap < SURE_OVERLAP) return Infinity;
  const widthRatio = ratio(dx2 - dx1, x2 - x1);
  const heightRatio = ratio(dy2 - dy1, y2 - y1);
  if (Math.min(widthRatio, heightRatio) < MIN_SIDE_RATIO) return Infinity;
  return (
    OVERLAP_WEIGHT * (1 - overlap) +
    MOTION_WEIGHT * Math.min(1, distance / MOTION_GATE) +
    SIZE_WEIGHT * (1 - Math.sqrt(widthRatio * heightRatio))
  );
}

/** The cost of finding a track again where it was last seen: 1 - overlap, Infinity without any. */
export function lastSeenCost(last: Box, corners: Float64Array, at: number): number {
  const overlap = iouOfCorners(corners, at, last[0], last[1], last[2], last[3]);
  return overlap > 0 ? 1 - overlap : Infinity;
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
